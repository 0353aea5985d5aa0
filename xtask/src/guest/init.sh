#!/bin/busybox sh
# The probe guest's process 1. What it prints on the serial console, one line each, in this order:
#
#   LQX init up=SECONDS                                        the kernel has handed over
#   LQX seed DEVICE instance-id=ID hostname=NAME               only with a NoCloud seed (volume labelled cidata)
#   LQX disk vda boots=N sectors=N                             only with a first disk; counts boots on a file system that it
#                                                              makes if the disk is empty; `foreign` for one it cannot mount
#   LQX READY host=NAME uuid=UUID cpus=N mem=KIB up=SECONDS    from here on the power button and the console are answered
#
# and later, as things happen:
#
#   LQX echo TEXT               a line typed on the console; `reboot`, `poweroff` and `crash` are obeyed instead (console.sh)
#   LQX net INTERFACE ADDRESS   a DHCP lease (lease.sh)
#   LQX power button            ACPI asked for an orderly end
#   LQX tick N up=SECONDS       every lqx.tick=SECONDS; none without that parameter
#   LQX down poweroff|reboot    file systems are unmounted, this is the last line
#
# Kernel parameters: lqx.name=NAME (a seed's name wins), lqx.tick=SECONDS, lqx.once (power off when ready).
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t devtmpfs dev /dev
# Whatever console= says, the greeting belongs on the serial port.
console=/dev/console
/bin/busybox stty -F /dev/ttyS0 > /dev/null 2>&1 && console=/dev/ttyS0
exec < $console > $console 2>&1
read -r up rest < /proc/uptime
echo "LQX init up=$up"
/bin/busybox --install -s
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t sysfs sys /sys
mkdir -p /dev/pts
mount -t devpts pts /dev/pts
mount -t tmpfs tmp /run
ln -s $console /run/console # for scripts whose output goes nowhere
while read -r module; do
  # Some cannot load where their device or CPU feature is missing; what matters shows in the lines below.
  insmod "/modules/$module.ko" 2> /dev/null
done < /etc/modules

parameter() { # NAME: its value, or nothing
  for word in $(cat /proc/cmdline); do
    case $word in "$1="*) echo "${word#*=}" ;; "$1") echo yes ;; esac
  done
}

name=$(parameter lqx.name)
hostname "${name:-probe}"
ip link set lo up

# Labels are read here: busybox's findfs overlooks images of less than 68 KiB.
label() { # DEVICE OFFSET LENGTH
  dd if="$1" bs=1 skip="$2" count="$3" 2> /dev/null | tr -d ' \0' | tr A-Z a-z
}
seed=
for device in /dev/vd? /dev/sd? /dev/sr?; do
  [ -b "$device" ] || continue
  # ISO 9660's volume descriptor, FAT12 and FAT16, FAT32
  for place in "32808 32" "43 11" "71 11"; do
    [ "$(label "$device" $place)" != cidata ] || seed=$device
  done
done
if [ -n "$seed" ] && mount -o ro "$seed" /seed; then
  name=$(sed -n "s/^local-hostname: *//p" /seed/meta-data | tr -d "\"'")
  [ -n "$name" ] && hostname "$name"
  id=$(sed -n "s/^instance-id: *//p" /seed/meta-data | tr -d "\"'")
  echo "LQX seed $seed instance-id=$id hostname=$(hostname)"
  umount /seed
fi

if [ -b /dev/vda ] && [ "$seed" != /dev/vda ]; then
  sectors=$(cat /sys/block/vda/size)
  # Only a disk that begins with nothing but zeros gets a file system; anything else is somebody's.
  begin=$(dd if=/dev/vda bs=4096 count=16 2> /dev/null | tr -d '\0' | head -c 1 | wc -c)
  [ "$begin" != 0 ] || mke2fs -F /dev/vda > /dev/null 2>&1
  if ! mount -t ext4 /dev/vda /mnt 2> /dev/null; then
    echo "LQX disk vda foreign sectors=$sectors"
  else
    boots=$(cat /mnt/boots 2> /dev/null || echo 0)
    boots=$((boots + 1))
    echo "$boots" > /mnt/boots
    sync
    echo "LQX disk vda boots=$boots sectors=$sectors"
  fi
fi

acpid 2> /dev/null
sh /etc/console.sh < $console & # a background job reads nothing unless it is told to
for device in /sys/class/net/e*; do
  [ -e "$device" ] || continue
  ip link set "${device##*/}" up
  udhcpc -b -q -i "${device##*/}" -s /etc/lease.sh > /dev/null 2>&1 &
done

read -r up rest < /proc/uptime
uuid=$(cat /sys/class/dmi/id/product_uuid 2> /dev/null)
cpus=$(grep -c ^processor /proc/cpuinfo)
mem=$(sed -n 's/^MemTotal: *\([0-9]*\).*/\1/p' /proc/meminfo)
echo "LQX READY host=$(hostname) uuid=$uuid cpus=$cpus mem=$mem up=$up"

[ -z "$(parameter lqx.once)" ] || sh /etc/down.sh poweroff
tick=$(parameter lqx.tick)
n=0
while :; do
  sleep "${tick:-3600}"
  if [ -n "$tick" ] && [ ! -e /run/stopping ]; then
    n=$((n + 1))
    read -r up rest < /proc/uptime
    echo "LQX tick $n up=$up"
  fi
done
