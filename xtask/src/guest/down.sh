#!/bin/sh
# An orderly end: down.sh poweroff|reboot. The second of two requests does nothing.
mkdir /run/stopping 2> /dev/null || exit 0
sync
umount /mnt 2> /dev/null
echo "LQX down $1" > /run/console
"$1" -f
