"""What scripts/check-deploy runs, with its libraries on the path."""
import glob
import json
import pathlib
import subprocess
import sys

import jsonschema
import kubernetes_validate
import promql_parser
import yaml

ROOT = pathlib.Path(sys.argv[1])
KUSTOMIZE = sys.argv[2]
KUBERNETES = "1.34"
# Secrets that an overlay takes from a store of secrets.
GIVEN = {"nats-passwords", "database-urls", "key-encryption-key", "shop-secrets", "smtp"}
POD_KINDS = {"Deployment", "StatefulSet", "Job"}
# The parts of these kinds that we use: whatever else somebody writes is most likely a misspelling.
CUSTOM = {path.stem: json.loads(path.read_text()) for path in (ROOT / "deploy/kubernetes/schemas").glob("*.json")}

problems = []


def complain(where, what):
    problems.append(f"{where}: {what}")


def render(overlay):
    done = subprocess.run([KUSTOMIZE, "build", overlay], capture_output=True, text=True)
    if done.returncode:
        complain(overlay, done.stderr.strip())
        return []
    return [document for document in yaml.safe_load_all(done.stdout) if document]


def check_schema(where, document):
    kind = document["kind"].lower()
    if kind in CUSTOM:
        for error in jsonschema.Draft202012Validator(CUSTOM[kind]).iter_errors(document):
            complain(where, f"{error.json_path}: {error.message}")
        return
    try:
        kubernetes_validate.validate(document, KUBERNETES, strict=True)
    except kubernetes_validate.ValidationError as error:
        complain(where, f"{list(error.path)}: {error.message}")


def check_pod(where, document):
    template = document["spec"]["template"]
    pod = template["spec"]
    if not pod.get("securityContext", {}).get("runAsNonRoot"):
        complain(where, "may run as root")
    if pod.get("automountServiceAccountToken") is not False:
        complain(where, "holds a token of the cluster")
    for container in pod["containers"]:
        context = container.get("securityContext", {})
        hardened = context.get("readOnlyRootFilesystem") and context.get("allowPrivilegeEscalation") is False
        if not hardened or context.get("capabilities", {}).get("drop") != ["ALL"]:
            complain(where, f"container {container['name']} is not hardened")
        if "memory" not in container.get("resources", {}).get("limits", {}):
            complain(where, f"container {container['name']} has no limit of memory")
        if ":" not in container["image"] or container["image"].endswith(":latest"):
            complain(where, f"container {container['name']} has the image {container['image']}, of no version")
    is_role = template["metadata"]["labels"].get("app.kubernetes.io/component") == "role"
    if is_role and document["kind"] == "Deployment":
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            if probe not in pod["containers"][0]:
                complain(where, f"has no {probe}")


def check_environment(where, document):
    """`$(NAME)` is replaced only where NAME was given before."""
    for container in document["spec"]["template"]["spec"]["containers"]:
        given = set()
        for variable in container.get("env", []):
            for part in variable.get("value", "").split("$(")[1:]:
                if part.split(")")[0] not in given:
                    complain(where, f"{variable['name']} uses {part.split(')')[0]} before it is given")
            given.add(variable["name"])


def names_in(document, word):
    """Every name that a pod gives for a ConfigMap or a Secret."""
    pod = document["spec"]["template"]["spec"]
    field = word[0].lower() + word[1:]
    for volume in pod.get("volumes", []):
        if field in volume:
            yield volume[field].get("name") or volume[field]["secretName"]
    for container in pod["containers"]:
        for source in container.get("envFrom", []):
            if f"{field}Ref" in source:
                yield source[f"{field}Ref"]["name"]
        for variable in container.get("env", []):
            if f"{field}KeyRef" in variable.get("valueFrom", {}):
                yield variable["valueFrom"][f"{field}KeyRef"]["name"]


def picks(selector, pods):
    wanted = selector.get("matchLabels", {}).items()
    expressions = selector.get("matchExpressions", [])
    return any(all(pod.get(key) == value for key, value in wanted)
               and all(pod.get(one["key"]) in one["values"] for one in expressions) for pod in pods)


def check_references(overlay, documents):
    there = {(document["kind"], document["metadata"]["name"]): document for document in documents}
    pods = [d["spec"]["template"]["metadata"]["labels"] for d in documents if d["kind"] in POD_KINDS]
    for (kind, name), document in there.items():
        where, spec = f"{overlay}: {kind} {name}", document.get("spec", {})
        for word in ("ConfigMap", "Secret") if kind in POD_KINDS else ():
            for needed in names_in(document, word):
                if (word, needed) not in there and not (word == "Secret" and needed in GIVEN):
                    complain(where, f"there is no {word} {needed}")
        if kind == "Service" and not picks({"matchLabels": spec["selector"]}, pods):
            complain(where, "leads to no pod")
        if kind == "PodDisruptionBudget" and not picks(spec["selector"], pods):
            complain(where, "protects no pod")
        if kind == "NetworkPolicy" and spec["podSelector"] and not picks(spec["podSelector"], pods):
            complain(where, "is for no pod")
        if kind in ("HorizontalPodAutoscaler", "ScaledObject"):
            target = there.get(("Deployment", spec["scaleTargetRef"]["name"]))
            if target is None:
                complain(where, "scales nothing")
            elif "replicas" in target["spec"]:
                complain(where, "its target says itself how many there are")


def check_question(where, question):
    try:
        promql_parser.parse(question.replace("$__rate_interval", "5m"))
    except ValueError as error:
        complain(where, f"{error}: {question}")


def questions():
    for group in yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]
    for path in sorted((ROOT / "deploy/grafana/dashboards").glob("*.json")):
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel["targets"]:
                yield f"{path.name}: {panel['title']}", target["expr"]


checked = 0
for overlay in sorted(glob.glob(str(ROOT / "deploy/kubernetes/overlays/*"))):
    documents, name = render(overlay), pathlib.Path(overlay).name
    for document in documents:
        where = f"{name}: {document['kind']} {document['metadata']['name']}"
        check_schema(where, document)
        if document["kind"] in POD_KINDS:
            check_pod(where, document)
            check_environment(where, document)
        checked += 1
    check_references(name, documents)
asked = list(questions())
for where, question in asked:
    check_question(where, question)
if not checked or not asked:
    complain("check-deploy", "found nothing to check")
for problem in problems:
    print(f"error: {problem}", file=sys.stderr)
print(f"check-deploy: {checked} objects against Kubernetes {KUBERNETES}, {len(asked)} questions to Prometheus, "
      f"{len(problems)} problems")
sys.exit(1 if problems else 0)
