# The platforms that each system runs, as `hocker lock` assigns them.
{
  aarch64-linux = "linux/arm64(/.*)?";
  armv5tel-linux = "linux/arm/v5";
  armv6l-linux = "linux/arm/v6";
  armv7l-linux = "linux/arm/v7";
  i686-linux = "linux/386(/.*)?";
  loongarch64-linux = "linux/loong64(/.*)?";
  mips64el-linux = "linux/mips64le(/.*)?";
  powerpc64le-linux = "linux/ppc64le(/.*)?";
  riscv64-linux = "linux/riscv64(/.*)?";
  s390x-linux = "linux/s390x(/.*)?";
  x86_64-linux = "linux/amd64(/.*)?";
}
