# shellcheck shell=bash
# Shared by the scripts of this folder, which run in the repository's folder.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Make sets these. A script that is run without make works on the kind cluster, with upstream images.
: "${CONTEXT:=kind-streamgate}" # of kubectl
: "${KIND_CONFIG:=kind-config.yaml}" # what a kind cluster is made of
: "${LAYERS=kind}" # folders of k8s/values that are laid over the charts' values, in this order
: "${PLATFORM:=metrics-server traefik mongodb redis prometheus prometheus-adapter}"
# A service is a folder *-svc with a Go module.
SERVICES=(*-svc/go.mod)
SERVICES=("${SERVICES[@]%/go.mod}")

read -ra layers <<<"$LAYERS"
# shellcheck disable=SC2034 # used where this is read
CLUSTER=${CONTEXT#kind-} # the kind cluster's name

kubectl() { command kubectl --context "$CONTEXT" "$@"; }
helm() { command helm --kube-context "$CONTEXT" "$@"; }

# quiet passes on what Helm says, except that the services' charts link to the library chart.
quiet() { grep -v 'found symbolic link' >&2 || true; }

# namespace RELEASE: prints the namespace that it belongs to.
namespace() {
  case $1 in
    metrics-server) echo kube-system ;;
    traefik) echo traefik ;;
    prometheus | prometheus-adapter | grafana) echo monitoring ;;
    *) echo streamgate ;;
  esac
}

# namespaces: makes those that are missing for the services and for PLATFORM. One that exists stays as it is.
namespaces() {
  local release name level
  for release in "${SERVICES[0]}" $PLATFORM; do
    name=$(namespace "$release")
    level=restricted # what its pods may be: https://kubernetes.io/docs/concepts/security/pod-security-standards/
    [[ $name != traefik ]] || level=privileged # which alone allows ports of the host
    kubectl get namespace "$name" >/dev/null 2>&1 || kubectl create -f - <<YAML
apiVersion: v1
kind: Namespace
metadata:
  name: $name
  labels:
    app.kubernetes.io/part-of: streamgate
    pod-security.kubernetes.io/enforce: $level
    pod-security.kubernetes.io/audit: $level
    pod-security.kubernetes.io/warn: $level
YAML
  done
}

# whose RELEASE: prints ours or theirs, by whose chart was installed under this name, or none.
whose() {
  local manifest
  if ! manifest=$(helm get manifest "$1" --namespace "$(namespace "$1")" 2>/dev/null); then
    echo none
  elif [[ $manifest == *"app.kubernetes.io/part-of: streamgate"* ]]; then
    echo ours
  else
    echo theirs
  fi
}

# The folder that derive writes to.
derived=.local/values

# derive: writes the values that follow from the services' charts, a file for each release: the user of MongoDB that a service with a
# database has, the secret with its address, and for Prometheus the alerts. Skaffold wants a file for each service.
derive() {
  local service database
  mkdir -p "$derived"
  k8s/rules "$derived/rules"
  echo 'users:' >"$derived/mongodb.yaml"
  echo 'rules:' >"$derived/prometheus.yaml"
  for service in "${SERVICES[@]}"; do
    database=$(sed -n '/^mongodb:/,/^$/ s/^  database: //p' "charts/$service/values.yaml")
    : >"$derived/$service.yaml"
    if [[ $database ]]; then
      echo "  $service: $database" >>"$derived/mongodb.yaml"
      echo "mongodb: {existingSecret: mongodb-$service}" >"$derived/$service.yaml"
    fi
    { echo "  $service: |" && sed 's/^/    /' "$derived/rules/$service.yaml"; } >>"$derived/prometheus.yaml"
  done
}

# values RELEASE: sets `files` to the helm arguments for every file of values that there is for it.
values() {
  local folder name
  files=()
  for folder in "$derived" k8s/values "${layers[@]/#/k8s/values/}"; do
    for name in services "$1"; do
      [[ $name == services && " ${SERVICES[*]} " != *" $1 "* ]] || ! [[ -f $folder/$name.yaml ]] || files+=(--values "$folder/$name.yaml")
    done
  done
}

# die TEXT [HOW TO MEND IT]
die() {
  printf '%s\n' "$@" >&2
  exit 1
}

# need TOOL...
need() {
  local tool
  for tool; do [[ $(type -P "$tool") ]] || die "$tool is missing: make doctor says how to get it."; done
}

# reach fails unless the API server answers; it comes before all else.
reach() {
  need kubectl helm
  kubectl version >/dev/null 2>&1 || die "The cluster of the context $CONTEXT does not answer." \
    "Make one with 'make cluster', or name yours: CONTEXT=$(command kubectl config current-context 2>/dev/null || echo NAME)."
}

# variants CALL: calls it with a name, a chart and arguments for helm: for every chart as it is, with each layer of values over it, and
# with every optional part whose API there is, which `has GROUP/VERSION` reports.
variants() {
  local call=$1 chart name layer service option
  local -a common scaled=(autoscaling)
  for chart in k8s/*/Chart.yaml; do
    chart=${chart%/*} name=${chart#k8s/}
    "$call" "$name" "$chart"
    for layer in kind local; do
      [[ ! -f k8s/values/$layer/$name.yaml ]] || "$call" "$name" "$chart" --values "k8s/values/$layer/$name.yaml"
    done
  done
  ! has keda.sh/v1alpha1 || scaled+=(keda)
  for service in "${SERVICES[@]}"; do
    "$call" "$service" "charts/$service"
    common=()
    for option in ingress ingressRoute networkPolicy dashboards; do common+=(--set "$option.enabled=true"); done
    [[ $service != content-svc ]] || common+=(--set media.persistence.enabled=true)
    ! has gateway.networking.k8s.io/v1 || common+=(--set 'gateway.enabled=true,gateway.parentRefs[0].name=public')
    ! has monitoring.coreos.com/v1 || common+=(--set serviceMonitor.enabled=true --set prometheusRule.enabled=true)
    for option in "${scaled[@]}"; do # one or the other
      "$call" "$service" "charts/$service" "${common[@]}" --set "$option.enabled=true,keda.serverAddress=http://prometheus.monitoring:9090"
    done
  done
}
