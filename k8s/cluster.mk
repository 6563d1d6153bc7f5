# Included by the Makefile: Streamgate on Kubernetes.

# A folder with kind, kubectl, helm, ko and skaffold, besides PATH. On a machine where stream-cluster has built them, its folder.
CLUSTER_TOOLS ?= $(wildcard $(HOME)/.cache/stream-cluster/bin)
# The context of kubectl. A cluster that isn't kind's takes its images from a registry: make deploy CONTEXT=my-cluster REGISTRY=ghcr.io/me
CONTEXT  ?= kind-streamgate
REGISTRY ?=
# What a kind cluster is made of; its name is the context's.
KIND_CONFIG ?= kind-config.yaml
# The address of the ingress; of a kind cluster, the port of this machine that leads to it.
http_port := $(shell awk '/containerPort: 80$$/ { ours = 1 } ours && /hostPort:/ { print $$NF; exit }' $(KIND_CONFIG))
URL ?= http://127.0.0.1$(patsubst %,:%,$(filter-out 80,$(http_port)))
# What is installed around the services. Leave out what your cluster has: make deploy PLATFORM="mongodb redis"; add grafana.
PLATFORM ?= metrics-server traefik mongodb redis prometheus prometheus-adapter

# upstream, or local for those that stream-cluster has built, where no registry can be reached.
IMAGES     ?= $(if $(CLUSTER_TOOLS),local,upstream)
NODE_IMAGE ?= $(if $(filter local,$(IMAGES)),local/kind-node:v1.37.2)

on_cluster := cluster deploy e2e dry-run hpa-check undeploy cluster-down doctor
$(on_cluster): export PATH := $(if $(CLUSTER_TOOLS),$(CLUSTER_TOOLS):)$(PATH)
$(on_cluster): export CONTEXT := $(CONTEXT)
$(on_cluster): export REGISTRY := $(REGISTRY)
$(on_cluster): export KIND_CONFIG := $(KIND_CONFIG)
$(on_cluster): export URL := $(URL)
$(on_cluster): export PLATFORM := $(PLATFORM)
$(on_cluster): export NODE_IMAGE := $(NODE_IMAGE)
# What the images of the services are built on there; by default what .ko.yaml says.
$(on_cluster): export KO_DEFAULTBASEIMAGE := $(if $(filter local,$(IMAGES)),localhost:5001/static:nonroot)
$(on_cluster): export LAYERS := $(if $(filter kind-%,$(CONTEXT)),kind) $(filter local,$(IMAGES))

##@ Kubernetes

.PHONY: cluster
cluster: ## Make the kind cluster of kind-config.yaml, if it isn't there; CONTEXT=kind-name for another one
	@k8s/cluster up

.PHONY: deploy
deploy: need-go web ## Build, and install everything there; on another cluster: CONTEXT=name REGISTRY=registry/folder
	@k8s/deploy

.PHONY: e2e
e2e: need-go ## Prove it on the cluster that make deploy filled, which it breaks meanwhile; ONLY="upgrade|drain" for a part
	@mkdir -p $(LOCAL) && kubectl config view --raw --minify --flatten --context $(CONTEXT) >$(LOCAL)/kubeconfig
	@$(GO) -C k8s/e2e test ./audience
	@KUBECONFIG=$(LOCAL)/kubeconfig $(GO) -C k8s/e2e test -count=1 -timeout 27m -args -context $(CONTEXT) -url $(URL) -only '$(ONLY)'

.PHONY: dry-run
dry-run: ## Have the cluster check every object that the charts render, strictly
	@k8s/dry-run

.PHONY: hpa-check
hpa-check: ## Follow the pods' metric to the autoscaler, and say where it breaks
	@k8s/hpa-check

.PHONY: undeploy
undeploy: ## Uninstall everything; DATA=delete deletes volumes and secrets too
	@k8s/undeploy

.PHONY: cluster-down
cluster-down: ## Delete the kind cluster with all that is in it
	@k8s/cluster down

.PHONY: doctor
doctor: ## Look for the tools that these need, and say how to get what is missing
	@k8s/doctor
