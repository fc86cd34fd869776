use std::env;
use std::path::{Path, PathBuf};

/// `NATS_SERVER`, else `.tools/bin/nats-server` of the workspace, else the one on PATH.
pub(crate) fn nats_server() -> PathBuf {
    let named = env::var_os("NATS_SERVER").map(PathBuf::from);
    let fetched = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools/bin/nats-server");
    let path = env::var_os("PATH").unwrap_or_default();
    let on_path = env::split_paths(&path).map(|dir| dir.join("nats-server"));
    let found = named.into_iter().chain([fetched]).chain(on_path).find(|candidate| candidate.is_file());
    found.unwrap_or_else(|| panic!("no nats-server found: run ./test, which fetches it, or set NATS_SERVER"))
}
