//! What is deployed speaks of what the code has: metrics, alerts, runbooks, users, services.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path, ending)),
            false => found.extend(Some(path).filter(|path| path.to_string_lossy().ends_with(ending))),
        }
    }
    found
}

/// Every word of ours that begins like a metric.
fn metrics(text: &str) -> BTreeSet<String> {
    let word = |part: &str| {
        let end =
            part.find(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')).unwrap_or(part.len());
        format!("tillstream_{}", &part[..end])
    };
    text.split("tillstream_").skip(1).map(word).collect()
}

/// The table of all metrics, as the binary describes them.
fn described() -> BTreeSet<String> {
    metrics(&read("crates/cli/src/telemetry/metrics.rs"))
}

/// A histogram is shown in three parts.
fn is_described(described: &BTreeSet<String>, metric: &str) -> bool {
    let whole = ["_bucket", "_sum", "_count"].iter().find_map(|part| metric.strip_suffix(part)).unwrap_or(metric);
    described.contains(metric) || (whole.ends_with("_seconds") && described.contains(whole))
}

/// The values of a key, one per line of a YAML file that is written by hand.
fn values(yaml: &str, key: &str) -> Vec<String> {
    let value =
        |line: &str| Some(line.trim_start_matches([' ', '-']).strip_prefix(key)?.strip_prefix(": ")?.trim().to_owned());
    yaml.lines().filter_map(value).collect()
}

#[test]
fn every_metric_of_the_code_is_described_and_every_described_one_is_in_the_code() {
    let mut counted = BTreeSet::new();
    for file in files(&root().join("crates"), ".rs") {
        let in_source = file.components().any(|part| part.as_os_str() == "src");
        if in_source && !file.ends_with("telemetry/metrics.rs") {
            let text = std::fs::read_to_string(&file).unwrap();
            let quoted = text.split('"').filter(|part| part.starts_with("tillstream_"));
            counted.extend(quoted.flat_map(metrics));
        }
    }
    counted.insert("tillstream_build_info".to_owned());
    assert_eq!(counted, described());
}

#[test]
fn dashboards_and_alerts_speak_of_metrics_that_there_are() {
    let described = described();
    let mut shown = files(&root().join("deploy/grafana/dashboards"), ".json");
    assert!(shown.len() >= 4, "the dashboards are gone");
    shown.extend(files(&root().join("deploy/prometheus"), ".yml"));
    for file in shown {
        let text = std::fs::read_to_string(&file).unwrap();
        for metric in metrics(&text) {
            assert!(is_described(&described, &metric), "{} speaks of {metric}", file.display());
        }
    }
    assert!(
        !is_described(&described, "tillstream_webhooks_totally") && !is_described(&described, "tillstream_x_count")
    );
}

#[test]
fn every_dashboard_is_whole() {
    let mut uids = BTreeSet::new();
    for file in files(&root().join("deploy/grafana/dashboards"), ".json") {
        let dashboard: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        let name = file.file_stem().unwrap().to_str().unwrap();
        assert!(dashboard["uid"] == name && uids.insert(name.to_owned()), "{name} is found by its file's name");
        for panel in dashboard["panels"].as_array().unwrap() {
            let targets = panel["targets"].as_array().unwrap();
            let asked = targets.iter().all(|target| target["expr"].as_str().is_some_and(|expr| !expr.is_empty()));
            assert!(asked && !targets.is_empty() && panel["title"].is_string(), "{name}: {panel}");
        }
    }
}

#[test]
fn every_alert_has_its_runbook_and_every_runbook_its_alert() {
    let rules = read("deploy/prometheus/alerts.yml");
    let alerts: BTreeSet<String> = values(&rules, "alert").into_iter().collect();
    assert!(alerts.len() >= 15, "{alerts:?}");
    let links = values(&rules, "runbook_url");
    assert_eq!(links.len(), alerts.len());
    for (alert, link) in values(&rules, "alert").iter().zip(&links) {
        assert_eq!(*link, format!("\"{{{{ $externalLabels.runbooks }}}}/{alert}.md\""));
    }
    let index = read("docs/runbooks/README.md");
    let mut pages = BTreeSet::new();
    for page in files(&root().join("docs/runbooks"), ".md") {
        let name = page.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&page).unwrap();
        if name.starts_with(char::is_uppercase) && name != "README" {
            for part in ["## What it means", "## What to do"] {
                assert!(text.contains(part), "{name} lacks {part:?}");
            }
            assert!(index.contains(&format!("({name}.md)")), "{name} is not in the index");
            pages.insert(name);
        }
    }
    assert_eq!(pages, alerts);
}

#[test]
fn kubernetes_has_the_alerts_of_prometheus() {
    let object = read("deploy/kubernetes/components/monitoring/alerts.yaml");
    let (_, spec) = object.split_once("\nspec:\n").unwrap();
    let rules: String = spec.lines().map(|line| format!("{}\n", line.strip_prefix("  ").unwrap_or(line))).collect();
    let (_, ours) = {
        let text = read("deploy/prometheus/alerts.yml");
        let at = text.find("groups:").unwrap();
        (0, text[at..].to_owned())
    };
    assert_eq!(rules, ours, "run scripts/alerts-to-kubernetes");
}

#[test]
fn every_user_of_the_broker_has_its_password_everywhere() {
    let users = read("deploy/nats/authorization.conf");
    let variables: BTreeSet<String> =
        users.split("password: $").skip(1).map(|rest| rest.lines().next().unwrap().to_owned()).collect();
    assert!(variables.len() >= 12, "{variables:?}");
    for place in ["docker-compose.yml", "deploy/kubernetes/overlays/demo/passwords.env"] {
        let text = read(place);
        for variable in &variables {
            let set = text.contains(&format!("{variable}=")) || text.contains(&format!("{variable}: "));
            assert!(set, "{place} lacks {variable}");
        }
    }
}

#[test]
fn every_role_of_the_database_has_its_password_everywhere() {
    let script = read("deploy/postgres/roles.sh");
    let roles: Vec<&str> =
        script.lines().filter_map(|line| line.trim().strip_prefix("add ")?.split(' ').next()).collect();
    assert!(roles.len() >= 4, "{roles:?}");
    let (compose, demo) = (read("docker-compose.yml"), read("deploy/kubernetes/overlays/demo/database.env"));
    for role in roles {
        let variable = format!("DATABASE_PASSWORD_{}", role.to_uppercase());
        assert!(demo.contains(&format!("{variable}=")), "the demo overlay lacks {variable}");
        assert!(compose.contains(&format!("      {variable}: ")), "docker-compose.yml lacks {variable}");
        assert!(
            compose.contains(&format!("postgres://{role}:${{{variable}")),
            "nobody in docker-compose.yml is {role}"
        );
    }
}

#[test]
fn a_read_only_image_has_a_place_for_sqlites_temporary_files() {
    assert!(read("Dockerfile").contains("ENV SQLITE_TMPDIR=/data\n"), "a large batch cannot be written without one");
}

#[test]
fn every_service_is_deployed_and_watched() {
    let listed = read("crates/cli/tests/cli/roles.rs");
    let roles: Vec<&str> =
        listed.split("    (\"").skip(1).filter_map(|rest| rest.split_once("\", &[")).map(|(user, _)| user).collect();
    assert!(roles.len() >= 9, "{roles:?}");
    let (compose, prometheus) = (read("docker-compose.yml"), read("deploy/prometheus/prometheus.yml"));
    for role in roles {
        assert!(compose.contains(&format!("\n  {role}:\n")), "docker-compose.yml lacks {role}");
        assert!(prometheus.contains(&format!("- {role}:8080")), "prometheus.yml does not ask {role}");
        assert!(root().join(format!("deploy/kubernetes/base/{role}.yaml")).is_file(), "deploy/kubernetes lacks {role}");
    }
}
