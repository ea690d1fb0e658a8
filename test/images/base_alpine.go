package images

import (
	"archive/tar"
	"fmt"
	"path"
	"strings"
)

// applets are the links of a busybox, by their folders in Alpine.
var applets = map[string]string{
	"bin":     "arch ash base64 bbconfig cat chattr chgrp chmod chown cp date dd df dmesg dnsdomainname dumpkmap echo egrep false fatattr fdflush fgrep fsync getopt grep gunzip gzip hostname ionice iostat ipcalc kbd_mode kill link linux32 linux64 ln login ls lsattr lzop makemime mkdir mknod mktemp more mount mountpoint mpstat mv netstat nice pidof ping ping6 pipe_progress printenv ps pwd reformime rev rm rmdir run-parts sed setpriv setserial sh sleep stat stty su sync tar touch true umount uname usleep watch zcat",
	"sbin":    "acpid adjtimex arp blkid blockdev depmod fbsplash fdisk findfs freeramdisk fsck fstrim getty halt hwclock ifconfig ifdown ifup init inotifyd insmod ip ipaddr iplink ipneigh iproute iprule iptunnel klogd loadkmap logread losetup lsmod mdev mkdosfs mkfs.vfat mkmntdirs mkswap modinfo modprobe nameif nologin pivot_root poweroff raidautorun reboot rmmod route setconsole slattach swapoff swapon switch_root sysctl syslogd tunctl udhcpc vconfig watchdog zcip",
	"usr/bin": "[ [[ awk basename bc beep blkdiscard bunzip2 bzcat bzip2 cal chvt cksum clear cmp comm crontab cryptpw cut dc deallocvt diff dirname dos2unix du eject env expand expr factor fallocate find flock fold free fuser getent head hexdump hostid iconv id install ipcrm ipcs killall last less logger lsof lsusb lzcat lzma md5sum mesg microcom mkfifo mkpasswd nc nl nmeter nohup nproc nslookup od openvt passwd paste pgrep pkill pmap printf pscan pstree pwdx readlink realpath renice reset resize seq setkeycodes setsid sha1sum sha256sum sha3sum sha512sum showkey shred shuf sort split strings sum tac tail tee test time timeout top tr traceroute traceroute6 tree truncate tty ttysize udhcpc6 unexpand uniq unix2dos unlink unlzma unlzop unshare unxz unzip uptime uudecode uuencode vi vlock volname wc wget which who whoami whois xargs xxd xzcat yes",
}

// alpine replaces the programs of an image with a tree as Alpine's images have it: one
// busybox with hundreds of links, and many small files. It adds what apk changes.
func alpine(layers []layer) ([]layer, error) {
	base := append(layer{}, layers[0]...)
	seen := map[string]bool{}
	for _, e := range base {
		seen[path.Clean(e.header.Name)] = true
	}
	for _, dir := range []string{"bin", "sbin", "usr/bin"} {
		for name := range strings.FieldsSeq(applets[dir]) {
			if !seen[dir+"/"+name] {
				base = append(base, symlink(dir+"/"+name, "/bin/busybox"))
			}
		}
	}
	base = append(base, alpineFiles()...)
	return append([]layer{base, apkAdd()}, layers[1:]...), nil
}

// busyboxLinks makes the programs of an image hard links of one file, as in the image
// busybox. The layer above replaces, removes and copies some of them.
func busyboxLinks(layers []layer) ([]layer, error) {
	var base layer
	for _, e := range layers[0] {
		if e.header.Typeflag != tar.TypeSymlink {
			base = append(base, e)
		}
	}
	var names []string
	for _, dir := range []string{"bin", "sbin", "usr/bin"} {
		for name := range strings.FieldsSeq(applets[dir]) {
			names = append(names, "bin/"+name)
			base = append(base, mode(linked("bin/"+name, "bin/busybox"), 0o755))
		}
	}
	changes := layer{
		directory("bin/", 0o755), mode(file("bin/wget", "#!/bin/sh\n"), 0o755), mode(linked("bin/curl", "bin/wget"), 0o755),
		file("bin/.wh.telnet", ""), file("bin/.wh."+path.Base(names[7]), ""), symlink("bin/vi", "busybox"),
	}
	return append([]layer{base, changes}, layers[1:]...), nil
}

// alpineFiles is the rest of Alpine's tree.
func alpineFiles() layer {
	files := layer{
		mode(file("bin/bbsuid", "setuid\n"), 0o4111),
		directory("dev/", 0o755), directory("dev/pts/", 0o755), directory("dev/shm/", 0o755),
		directory("etc/", 0o755), owned(mode(file("etc/shadow", "root:*::0:::::\n"), 0o640), 0, 42),
		file("etc/group", "root:x:0:root\nshadow:x:42:\n"), file("etc/apk/world", "alpine-baselayout\n"),
		owned(mode(directory("etc/crontabs/", 0o755), 0o700), 0, 0), mode(file("etc/crontabs/root", "# m h\n"), 0o600),
		symlink("etc/mtab", "../proc/mounts"), symlink("etc/ssl/cert.pem", "certs/ca-certificates.crt"),
		symlink("etc/ssl1.1/certs", "/etc/ssl/certs"), symlink("etc/os-release", "../usr/lib/os-release"),
		directory("lib/", 0o755), mode(file("lib/ld-musl.so.1", "\x7fELF\n"), 0o755), symlink("lib/libc.musl.so.1", "ld-musl.so.1"),
		file("lib/apk/db/installed", "P:busybox\n"), mode(file("lib/apk/db/lock", ""), 0o600), file("lib/apk/db/scripts.tar", ""),
		symlink("lib/libz.so.1", "libz.so.1.3"), mode(file("lib/libz.so.1.3", "\x7fELF\n"), 0o755),
		directory("proc/", 0o555), directory("sys/", 0o555), directory("root/", 0o700), directory("run/", 0o755),
		directory("tmp/", 0o1777), directory("var/", 0o755), directory("var/tmp/", 0o1777), directory("var/empty/", 0o555),
		symlink("var/lock", "../run/lock"), symlink("var/run", "../run"), symlink("var/spool/cron/crontabs", "../../../etc/crontabs"),
		owned(directory("var/lib/squid/", 0o755), 65534, 65534),
		directory("var/mail/", 0o755), symlink("var/spool/mail", "../mail"),
		pax(file("usr/share/ca-certificates/mozilla/NetLock_Arany_=Class_Gold=_F\u0151tan\u00fas\u00edtv\u00e1ny.crt", "cert\n")),
	}
	for i := range 150 {
		certificate := fmt.Sprintf("Certificate_%d", i)
		files = append(files, file("usr/share/ca-certificates/mozilla/"+certificate+".crt", certificate),
			symlink("etc/ssl/certs/ca-cert-"+certificate+".pem", "/usr/share/ca-certificates/mozilla/"+certificate+".crt"),
			symlink(fmt.Sprintf("etc/ssl/certs/%08x.0", i*7919), "ca-cert-"+certificate+".pem"))
	}
	// Of the time zones, which are tiny, most have several names.
	for i := range 600 {
		zone := fmt.Sprintf("usr/share/zoneinfo/Area%d/City_%d", i%10, i)
		files = append(files, file(zone, fmt.Sprintf("TZif2 %d\n", i)))
		if i%3 != 0 {
			files = append(files, linked("usr/share/zoneinfo/posix/"+path.Base(zone), zone))
		}
	}
	return files
}

// apkAdd is what the installation of a web server leaves.
func apkAdd() layer {
	return layer{
		directory("lib/", 0o755), directory("lib/apk/", 0o755), directory("lib/apk/db/", 0o755),
		file("lib/apk/db/installed", "P:busybox\nP:nginx\n"), file("lib/apk/db/.wh.scripts.tar", ""),
		file("lib/.wh.libz.so.1.3", ""), mode(file("lib/libz.so.1.3.1", "\x7fELF new\n"), 0o755), symlink("lib/libz.so.1", "libz.so.1.3.1"),
		owned(mode(file("etc/shadow", "root:*::0:::::\nnginx:!::0:::::\n"), 0o640), 0, 42),
		owned(directory("var/lib/nginx/", 0o750), 100, 101), owned(directory("var/lib/nginx/tmp/", 0o700), 100, 101),
		symlink("var/lib/nginx/logs", "/var/log/nginx"), owned(directory("var/log/nginx/", 0o755), 100, 101),
		symlink("var/log/nginx/access.log", "/dev/stdout"), symlink("var/log/nginx/error.log", "/dev/stderr"),
		withRecords(mode(file("usr/sbin/nginx", "\x7fELF nginx\n"), 0o755), map[string]string{xattr + "security.capability": netBindService}),
		directory("usr/share/zoneinfo/", 0o755), file("usr/share/zoneinfo/Area0/.wh..wh..opq", ""), file("usr/share/zoneinfo/Area0/New", "TZif2\n"),
		symlink("sbin/init", "/bin/true"), file("usr/bin/.wh.vi", ""), mode(file("bin/ping", "#!/bin/sh\n"), 0o4755),
	}
}
