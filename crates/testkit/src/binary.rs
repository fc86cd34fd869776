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

/// One of PostgreSQL's programs: of `.tools/postgres` of the workspace, else beside the `initdb` on PATH, else where
/// Debian puts them, the newest first.
pub(crate) fn postgres(program: &str) -> PathBuf {
    let fetched = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools/postgres/bin");
    let path = env::var_os("PATH").unwrap_or_default();
    // On PATH may be links to some of them only.
    let linked = |dir: PathBuf| dir.join("initdb").canonicalize().ok()?.parent().map(Path::to_owned);
    let on_path = env::split_paths(&path).filter_map(linked);
    let debian = (10..40).rev().map(|version| PathBuf::from(format!("/usr/lib/postgresql/{version}/bin")));
    let mut candidates = [fetched].into_iter().chain(on_path).chain(debian).map(|dir| dir.join(program));
    let found = candidates.find(|candidate| candidate.is_file());
    found.unwrap_or_else(|| panic!("no {program} of PostgreSQL found: run ./test, which fetches it"))
}
