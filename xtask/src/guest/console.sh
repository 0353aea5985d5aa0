#!/bin/sh
# Answers what is typed on the console, so that an interactive session has something to check.
while read -r line; do
  case $line in
    reboot | poweroff) sh /etc/down.sh "$line" ;;
    crash) # the kernel panics; what happens then is the hypervisor's configuration
      echo 0 > /proc/sys/kernel/panic
      echo c > /proc/sysrq-trigger
      ;;
    *) echo "LQX echo $line" ;;
  esac
done
