# shellcheck shell=sh disable=SC2153,SC2154
# The node exporter of Prometheus, from Debian's package. LISTEN: address and port.
has prometheus-node-exporter || install_packages prometheus-node-exporter
file=$ROOT/etc/default/prometheus-node-exporter
put 0644 "$file" "ARGS=\"--web.listen-address=$LISTEN\""
systemctl enable prometheus-node-exporter.service
systemctl restart prometheus-node-exporter.service
