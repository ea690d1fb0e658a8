package erofs

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"path"
	"slices"
	"strings"
)

// plainReader reads an EROFS file without compression. It fails at all that Linux
// would refuse, or read as something else.
type plainReader struct {
	data  []byte
	files map[string]string
	links map[uint64]uint32 // names found of each inode
	want  map[uint64]uint32 // names that it is said to have
}

var little = binary.LittleEndian

// readPlain returns a line for each file.
func readPlain(data []byte) (map[string]string, error) {
	if len(data) < 4096 || len(data)%4096 != 0 {
		return nil, fmt.Errorf("it has %d bytes", len(data))
	}
	sb := bytes.Clone(data[1024:4096])
	sum := little.Uint32(sb[4:])
	copy(sb[4:8], make([]byte, 4))
	switch {
	case little.Uint32(sb) != 0xe0f5e1e2:
		return nil, errors.New("it has no superblock")
	case sum != ^crc32.Checksum(sb, crc32.MakeTable(crc32.Castagnoli)):
		return nil, errors.New("its checksum is another one")
	case int(little.Uint32(sb[36:])) != len(data)/4096:
		return nil, fmt.Errorf("it has %d blocks", little.Uint32(sb[36:]))
	}
	r := plainReader{data: data, files: map[string]string{}, links: map[uint64]uint32{}, want: map[uint64]uint32{}}
	first := uint64(little.Uint16(sb[14:]))
	if err := r.file(".", first, first, 2); err != nil {
		return nil, err
	}
	for id, n := range r.want {
		if r.links[id] != n {
			return nil, fmt.Errorf("inode %d has %d names, and says %d", id, r.links[id], n)
		}
	}
	return r.files, nil
}

// file reads an inode and what is below it.
func (r *plainReader) file(name string, id, parent uint64, fileType byte) error {
	at := int(id) * 32
	if at+64 > len(r.data) || at%4096 > 4096-64 {
		return fmt.Errorf("%s: inode %d", name, id)
	}
	i := r.data[at:]
	r.links[id]++
	r.want[id] = little.Uint32(i[44:])
	mode, size := little.Uint16(i[4:]), little.Uint64(i[8:])
	line := fmt.Sprintf("%06o %d:%d %d", mode, little.Uint32(i[24:]), little.Uint32(i[28:]), int64(little.Uint64(i[32:]))*1e9+int64(little.Uint32(i[40:])))
	xattrs, used, err := readXattrs(i[64:], little.Uint16(i[2:]))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	content, err := r.content(at+64+used, little.Uint16(i[0:]), size, little.Uint32(i[16:]), mode)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if want := map[uint16]byte{0o10: 1, 0o04: 2, 0o02: 3, 0o06: 4, 0o01: 5, 0o12: 7}[mode>>12]; want != fileType {
		return fmt.Errorf("%s: its folder says that it is a %d", name, fileType)
	}
	switch mode >> 12 {
	case 0o04:
		r.files[name] = line + xattrs
		return r.folder(name, id, parent, content)
	case 0o02, 0o06:
		line += fmt.Sprintf(" %d", little.Uint32(i[16:]))
	case 0o12:
		line += fmt.Sprintf(" -> %q", content)
	case 0o10:
		line += fmt.Sprintf(" %d %08x", size, crc32.ChecksumIEEE(content))
	}
	r.files[name] = line + xattrs
	return nil
}

func (r *plainReader) content(inline int, format uint16, size uint64, first uint32, mode uint16) ([]byte, error) {
	if mode>>12 == 0o02 || mode>>12 == 0o06 {
		return nil, nil
	}
	blocks, tail := size/4096, size%4096
	switch format {
	case 1: // all in blocks
		if tail > 0 {
			blocks++
		}
		if blocks == 0 {
			return nil, nil
		}
		tail = 0
	case 1 | 2<<1: // the rest after the inode
		if tail == 0 || inline/4096 != (inline+int(tail)-1)/4096 {
			return nil, fmt.Errorf("%d bytes at %d", tail, inline)
		}
	default:
		return nil, fmt.Errorf("format %d", format)
	}
	var content []byte
	if blocks > 0 {
		start := uint64(first) * 4096
		if first == 0 || start+blocks*4096 > uint64(len(r.data)) {
			return nil, fmt.Errorf("%d blocks at %d", blocks, first)
		}
		content = append(content, r.data[start:start+blocks*4096]...)
	}
	content = append(content, r.data[inline:inline+int(tail)]...)
	if padding := content[size:]; len(bytes.Trim(padding, "\x00")) > 0 {
		return nil, errors.New("there is more after its end")
	}
	return content[:size], nil
}

// readXattrs returns the extended attributes after an inode as text, and their size.
func readXattrs(b []byte, count uint16) (text string, size int, err error) {
	if count == 0 {
		return "", 0, nil
	}
	size = 12 + 4*(int(count)-1)
	prefixes := map[byte]string{1: "user.", 2: "system.posix_acl_access", 3: "system.posix_acl_default", 4: "trusted.", 6: "security."}
	found := map[string]string{}
	for at := 12; at < size; {
		name, value := int(b[at]), int(little.Uint16(b[at+2:]))
		end := at + 4 + name + value
		if prefixes[b[at+1]] == "" || end > size {
			return "", 0, fmt.Errorf("an attribute at %d", at)
		}
		found[prefixes[b[at+1]]+string(b[at+4:at+4+name])] = string(b[at+4+name : end])
		at = (end + 3) &^ 3
	}
	return xattrText(found), size, nil
}

func xattrText(xattrs map[string]string) (text string) {
	for _, name := range slices.Sorted(maps.Keys(xattrs)) {
		text += fmt.Sprintf(" %s=%q", name, xattrs[name])
	}
	return text
}

// folder reads the entries of a folder.
func (r *plainReader) folder(name string, id, parent uint64, content []byte) error {
	var last string
	var dots int
	for len(content) > 0 {
		block := content[:min(4096, len(content))]
		content = content[len(block):]
		n := int(little.Uint16(block[8:])) / 12
		for i := range n {
			b := block[12*i:]
			start, end := int(little.Uint16(b[8:])), len(block)
			if i+1 < n {
				end = int(little.Uint16(b[12+8:]))
			}
			base := strings.TrimRight(string(block[start:end]), "\x00")
			if base <= last && last != "" || base == "" || strings.Contains(base, "/") {
				return fmt.Errorf("%s: %q after %q", name, base, last)
			}
			last = base
			to := little.Uint64(b)
			if base == "." && to == id || base == ".." && to == parent {
				dots++
				continue
			}
			if b[10] == 2 {
				r.links[id]++ // by its ".."
			}
			if err := r.file(path.Join(name, base), to, id, b[10]); err != nil {
				return err
			}
		}
	}
	r.links[id]++ // by its "."
	if dots != 2 {
		return fmt.Errorf("%s: without . and ..", name)
	}
	return nil
}
