# The permissions of the units that load images, and of those that are images.
let
  # No program of a container needs these.
  contained = {
    KeyringMode = "private";
    LockPersonality = true;
    NoNewPrivileges = true;
    PrivateTmp = true;
    ProtectClock = true;
    ProtectControlGroups = true;
    ProtectHostname = true;
    ProtectKernelLogs = true;
    ProtectKernelModules = true;
    ProtectKernelTunables = true;
    RestrictRealtime = true;
    SystemCallArchitectures = "native";
  };

  # Loading an image needs none of these either.
  common = contained // {
    IPAddressDeny = "any";
    PrivateNetwork = true;
    ProtectHome = true;
    ProtectSystem = "strict";
    UMask = "0077";
  };
in
{
  # An image runs in its own root file system, with the machine's network. As root, it can
  # do what a server does before it becomes another user.
  image = contained // {
    CapabilityBoundingSet = [
      "CAP_CHOWN"
      "CAP_DAC_OVERRIDE"
      "CAP_FOWNER"
      "CAP_FSETID"
      "CAP_KILL"
      "CAP_NET_BIND_SERVICE"
      "CAP_SETGID"
      "CAP_SETUID"
    ];
    DevicePolicy = "closed";
    PrivateDevices = true;
    PrivateIPC = true;
    ProtectProc = "invisible";
    RemoveIPC = true;
    RestrictAddressFamilies = [
      "AF_INET"
      "AF_INET6"
      "AF_NETLINK"
      "AF_UNIX"
    ];
    RestrictNamespaces = true;
    RestrictSUIDSGID = true;
    SystemCallErrorNumber = "EPERM";
    SystemCallFilter = [ "@system-service" ];
  };

  # hocker sends the image over a socket. It sees only the store and that socket: its
  # root is a folder that has only mount points.
  socket =
    root: socket:
    common
    // {
      BindReadOnlyPaths = [
        builtins.storeDir
        socket
      ];
      CapabilityBoundingSet = "";
      DevicePolicy = "closed";
      MemoryDenyWriteExecute = true;
      PrivateDevices = true;
      PrivateIPC = true;
      PrivateMounts = true;
      ProcSubset = "pid";
      ProtectProc = "invisible";
      RemoveIPC = true;
      RestrictAddressFamilies = "AF_UNIX";
      RestrictNamespaces = true;
      RestrictSUIDSGID = true;
      RootDirectory = root;
      SystemCallErrorNumber = "EPERM";
      # Enough for a Go program that reads files and writes to a socket.
      SystemCallFilter = [
        "@basic-io"
        "@file-system"
        "@io-event"
        "@ipc"
        "@network-io"
        "@process"
        "@signal"
        "@timer"
        "madvise"
        "sched_getaffinity"
        "sched_yield"
        "uname"
      ];
    };

  # podman itself unpacks the layers, as root: files of any owner and mode, devices and
  # file capabilities, in a chroot with its own mounts. It pulls them from hocker over
  # the loopback interface of the unit's private network.
  podman = common // {
    CapabilityBoundingSet = [
      "CAP_CHOWN"
      "CAP_DAC_OVERRIDE"
      "CAP_DAC_READ_SEARCH"
      "CAP_FOWNER"
      "CAP_FSETID"
      "CAP_MKNOD"
      "CAP_SETFCAP"
      "CAP_SETGID"
      "CAP_SETUID"
      "CAP_SYS_ADMIN"
      "CAP_SYS_CHROOT"
    ];
    IPAddressAllow = "localhost";
    ReadWritePaths = [ "/run" ];
    RestrictAddressFamilies = [
      "AF_INET"
      "AF_NETLINK"
      "AF_UNIX"
    ];
    RestrictNamespaces = "mnt user";
    StateDirectory = "containers";
    SystemCallFilter = [
      "~@clock"
      "~@cpu-emulation"
      "~@debug"
      "~@module"
      "~@obsolete"
      "~@raw-io"
      "~@reboot"
      "~@swap"
    ];
  };
}
