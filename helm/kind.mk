# The platform on a kind cluster: make kind-up images deploy e2e kind-down. Needs docker, kind, kubectl and helm.
# For a machine without a registry every image can be another one:
KIND_CLUSTER ?= vap
NODE_IMAGE ?=#                       of the cluster; kind's own by default
BASE_IMAGE ?= python:3.12-slim-bookworm
POSTGRES_IMAGE ?= postgres:17-bookworm
POSTGRES_UID ?= 999#                 the user that the image's server runs as
KAFKA_IMAGE ?= apache/kafka:4.1.0
KAFKA_UID ?= 1000
NAMESPACE ?= vap
RELEASE ?= vap
TAG ?= dev
HELM_ARGS ?=#                        further arguments for make deploy

KUBE_CONTEXT := kind-$(KIND_CLUSTER)
KUBECTL := kubectl --context $(KUBE_CONTEXT) --namespace $(NAMESPACE)
HELM := helm --kube-context $(KUBE_CONTEXT) --namespace $(NAMESPACE)
IMAGES := api operator runner local
# Passed on where set, for a machine that reaches packages by a mirror.
PIP_ARGS := $(foreach name,PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_TRUSTED_HOST,$(if $($(name)),--build-arg $(name)))

# The same tag, another image: its id makes the pods new.
components_of_api := api relay inbox
components_of_operator := operator
components_of_runner := runnerPool
image_id = $(foreach part,$(components_of_$(1)),--set-string $(part).podAnnotations.vap\\.dev/image=$(shell docker image inspect --format '{{.Id}}' vap-$(1):$(TAG) 2>/dev/null))

.PHONY: kind-up images $(IMAGES:%=image-%) load deploy e2e uninstall kind-down chart-lint chart-test

kind-up: ## A kind cluster, unless there is one (NODE_IMAGE, KIND_CLUSTER)
	@kind get clusters 2>/dev/null | grep -qx $(KIND_CLUSTER) || \
	  kind create cluster --name $(KIND_CLUSTER) --config helm/kind.yaml --wait 180s $(if $(NODE_IMAGE),--image $(NODE_IMAGE))

images: $(IMAGES:%=image-%) load ## Builds the images and loads them into the cluster (BASE_IMAGE)

$(IMAGES:%=image-%): image-%:
	docker build --file $*/Dockerfile --tag vap-$*:$(TAG) --build-arg BASE_IMAGE=$(BASE_IMAGE) $(PIP_ARGS) \
	  --build-arg REVISION=$(shell git rev-parse --short HEAD 2>/dev/null) .

# The development images go along where this machine has them; otherwise the node pulls them.
load:
	kind load docker-image --name $(KIND_CLUSTER) $(IMAGES:%=vap-%:$(TAG)) \
	  $(shell for image in $(POSTGRES_IMAGE) $(KAFKA_IMAGE); do docker image inspect $$image >/dev/null 2>&1 && echo $$image; done)

deploy: ## Installs or upgrades the chart with its development parts, and waits until all is ready (HELM_ARGS)
	@kubectl --context $(KUBE_CONTEXT) create namespace $(NAMESPACE) --dry-run=client -o yaml | kubectl --context $(KUBE_CONTEXT) apply -f - >/dev/null
	@$(KUBECTL) label namespace $(NAMESPACE) --overwrite pod-security.kubernetes.io/enforce=restricted >/dev/null
	$(HELM) upgrade --install $(RELEASE) helm/vap --values helm/vap/values-development.yaml --set image.tag=$(TAG) \
	  --set dev.postgresql.image=$(POSTGRES_IMAGE),dev.postgresql.runAsUser=$(POSTGRES_UID) \
	  --set dev.kafka.image=$(KAFKA_IMAGE),dev.kafka.runAsUser=$(KAFKA_UID) \
	  $(foreach image,api operator runner,$(call image_id,$(image))) --wait --timeout 5m $(HELM_ARGS)

e2e: ## A real scenario on the cluster, by helm test
	$(HELM) test $(RELEASE) --logs

uninstall: ## Removes the release; the custom resources and their definitions stay
	$(HELM) uninstall $(RELEASE) --wait

kind-down: ## Deletes the kind cluster
	kind delete cluster --name $(KIND_CLUSTER)

CHART_VALUES := "--set dev.enabled=true" "--values helm/vap/values-development.yaml" "--values helm/vap/values-production.yaml"
chart-lint: ## helm lint, strict, with default, development and production values (needs helm)
	@for values in $(CHART_VALUES); do helm lint helm/vap --strict --quiet $$values || exit 1; done

chart-test: ## The chart's unit tests (needs helm with the plugin unittest)
	helm unittest helm/vap
