#!/bin/sh
# What udhcpc calls when something about its lease changes.
case $1 in
  bound | renew)
    ip addr flush dev "$interface"
    ip addr add "$ip/${mask:-24}" dev "$interface"
    [ -z "$router" ] || ip route replace default via "${router%% *}" dev "$interface"
    echo "LQX net $interface $ip" > /run/console
    ;;
esac
