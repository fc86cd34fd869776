//! The users of the broker: each can do its work, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};

use crate::process::{Nats, free_address, run};

/// Every user and the acts that are its own; whatever is not named here is denied.
const MAY: &[(&str, &[&str])] = &[
    ("ingress", &["inbox"]),
    (
        "recorder",
        &[
            "read inbox",
            "read events",
            "take recorder",
            "take forget_customers",
            "append shopify",
            "append order",
            "append stock",
            "append checkout",
            "get event",
            "get delivery",
            "quarantine",
        ],
    ),
    ("inventory", &["read events", "take allocate_stock", "append stock", "get event"]),
    ("loyalty", &["take award_points", "take age_points", "append loyalty", "get event", "timer loyalty"]),
    ("checkouts", &["take watch_checkouts", "append checkout", "get event", "timer checkouts"]),
    (
        "notifications",
        &[
            "read events",
            "take send_notifications",
            "append notification",
            "get event",
            "timer notifications",
            "since when notifications are on",
        ],
    ),
    ("projections", &["read events"]),
    ("query", &["get event", "read events"]),
    ("commands", &["append stock", "append loyalty", "get event"]),
    ("provisioner", &["make stream", "restore stream", "make durable"]),
    (
        "operator",
        &[
            "read inbox",
            "read events",
            "append shopify",
            "append order",
            "append stock",
            "append loyalty",
            "append checkout",
            "append notification",
            "get event",
            "get delivery",
            "quarantine",
            "timer loyalty",
            "timer checkouts",
            "timer notifications",
            "make durable",
            "pause",
            "redrive",
            "drop",
            "delete a letter",
        ],
    ),
    ("backup", &["snapshot"]),
];

/// What can be tried, and the subjects that it takes to do it.
const ACTS: &[(&str, &[&str])] = &[
    ("inbox", &["inbox.acme.orders.create"]),
    ("quarantine", &["quarantine.acme.not_json"]),
    (
        "append shopify",
        &[
            "events.3.product.acme.1",
            "events.3.customer.acme.1",
            "events.3.fulfillment_order.acme.1",
            "events.3.location.acme.1",
        ],
    ),
    ("append order", &["events.3.order.acme.1"]),
    ("append stock", &["events.3.stock.acme.1"]),
    ("append loyalty", &["events.3.loyalty.acme.1"]),
    ("append checkout", &["events.3.checkout.acme.1"]),
    ("append notification", &["events.3.notification.acme.1"]),
    ("timer loyalty", &["timers.loyalty.x"]),
    ("timer checkouts", &["timers.checkouts.x"]),
    ("timer notifications", &["timers.notifications.x"]),
    ("since when notifications are on", &["starts.notifications.acme"]),
    ("a timer that is due", &["timers.loyalty.x.due"]),
    ("get event", &["$JS.API.STREAM.MSG.GET.EVENTS", "$JS.API.DIRECT.GET.EVENTS"]),
    ("get delivery", &["$JS.API.STREAM.MSG.GET.INBOX"]),
    ("read events", &["$JS.API.CONSUMER.CREATE.EVENTS.reader-x", "$JS.API.CONSUMER.MSG.NEXT.EVENTS.reader-x"]),
    (
        "read inbox",
        &[
            "$JS.API.CONSUMER.CREATE.INBOX.reader-x",
            "$JS.API.CONSUMER.CREATE.INBOX.reader-x.inbox.acme.>",
            "$JS.API.CONSUMER.MSG.NEXT.INBOX.reader-x",
        ],
    ),
    (
        "take recorder",
        &[
            "$JS.API.CONSUMER.MSG.NEXT.INBOX.recorder",
            "$JS.ACK.INBOX.recorder.1.1.1.1.1",
            "$JS.API.CONSUMER.MSG.NEXT.DEAD_LETTERS.recorder-redrive",
            "dead.recorder.acme",
        ],
    ),
    (
        "take allocate_stock",
        &[
            "$JS.API.CONSUMER.MSG.NEXT.EVENTS.allocate_stock",
            "$JS.API.CONSUMER.UNPIN.EVENTS.allocate_stock",
            "tries.allocate_stock.7",
            "$JS.ACK.EVENTS.allocate_stock.1.1.1.1.1",
            "$JS.ACK._.hash.EVENTS.allocate_stock.1.1.1.1.1.token",
            "dead.allocate_stock.acme",
        ],
    ),
    ("take forget_customers", &["$JS.API.CONSUMER.MSG.NEXT.EVENTS.forget_customers", "dead.forget_customers.acme"]),
    ("take award_points", &["$JS.API.CONSUMER.MSG.NEXT.EVENTS.award_points", "dead.award_points.acme"]),
    ("take age_points", &["$JS.API.CONSUMER.MSG.NEXT.TIMERS.age_points", "$JS.ACK.TIMERS.age_points.1.1.1.1.1"]),
    ("take watch_checkouts", &["$JS.API.CONSUMER.MSG.NEXT.EVENTS.watch_checkouts", "dead.watch_checkouts.acme"]),
    (
        "take send_notifications",
        &[
            "$JS.API.CONSUMER.MSG.NEXT.EVENTS.send_notifications",
            "$JS.ACK.DEAD_LETTERS.send_notifications-redrive.1.1.1.1.1",
        ],
    ),
    ("make stream", &["$JS.API.STREAM.CREATE.EVENTS", "$JS.API.STREAM.UPDATE.EVENTS", "$JS.API.STREAM.UPDATE.INBOX"]),
    ("restore stream", &["$JS.API.STREAM.RESTORE.EVENTS"]),
    ("make durable", &["$JS.API.CONSUMER.CREATE.EVENTS.allocate_stock", "$JS.API.CONSUMER.CREATE.INBOX.recorder"]),
    ("pause", &["$JS.API.CONSUMER.PAUSE.EVENTS.allocate_stock"]),
    ("redrive", &["redrive.allocate_stock.acme"]),
    ("drop", &["dropped.allocate_stock.acme"]),
    ("delete a letter", &["$JS.API.STREAM.MSG.DELETE.DEAD_LETTERS", "$JS.API.STREAM.MSG.DELETE.QUARANTINE"]),
    ("snapshot", &["$JS.API.STREAM.SNAPSHOT.EVENTS"]),
    ("delete a stream", &["$JS.API.STREAM.DELETE.EVENTS", "$JS.API.STREAM.DELETE.INBOX"]),
    ("purge", &["$JS.API.STREAM.PURGE.EVENTS", "$JS.API.STREAM.PURGE.INBOX", "$JS.API.STREAM.PURGE.TIMERS"]),
    ("delete a message", &["$JS.API.STREAM.MSG.DELETE.EVENTS", "$JS.API.STREAM.MSG.DELETE.INBOX"]),
    ("delete a durable", &["$JS.API.CONSUMER.DELETE.EVENTS.allocate_stock", "$JS.API.CONSUMER.DELETE.INBOX.recorder"]),
    (
        "make a durable otherwise",
        &[
            "$JS.API.CONSUMER.CREATE.EVENTS",
            "$JS.API.CONSUMER.CREATE.TIMERS.x",
            "$JS.API.CONSUMER.DURABLE.CREATE.EVENTS.allocate_stock",
        ],
    ),
    ("make a stream of one's own", &["$JS.API.STREAM.CREATE.MINE", "$JS.API.STREAM.TEMPLATE.CREATE.MINE"]),
    ("move a leader", &["$JS.API.STREAM.LEADER.STEPDOWN.EVENTS", "$JS.API.META.LEADER.STEPDOWN"]),
    ("answer for others", &["_INBOX_ingress.x", "_INBOX_query.x", "_INBOX.x"]),
    ("speak as the server", &["$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.EVENTS.x", "$SYS.REQ.SERVER.PING"]),
    ("anything else", &["orders.create", "x"]),
];

/// What nobody may listen to: others' answers, the streams' subjects as they are written, the server's requests.
const OVERHEARD: &[&str] =
    &[">", "_INBOX.>", "_INBOX_other.>", "events.>", "inbox.>", "timers.>", "$JS.API.>", "$JS.ACK.>", "$SYS.>"];

#[test]
fn the_committed_permissions_are_those_that_the_roles_need() {
    let dir = tempfile::tempdir().unwrap();
    let made = run(dir.path(), &["streams", "permissions"]);
    let made = String::from_utf8(made.stdout).unwrap();
    if std::env::var_os("UPDATE_PERMISSIONS").is_some() {
        std::fs::write(committed(), &made).unwrap();
    }
    assert!(made == std::fs::read_to_string(committed()).unwrap(), "run this test with UPDATE_PERMISSIONS=1");
    let users: BTreeSet<&str> =
        made.lines().filter_map(|line| line.trim().strip_prefix("user: ")?.split(',').next()).collect();
    assert_eq!(users, MAY.iter().map(|(user, _)| *user).collect(), "a user that this test does not know");
}

#[test]
fn every_user_may_do_its_work_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let (_nats, address) = guarded(dir.path());
    let acts: BTreeMap<&str, &[&str]> = ACTS.iter().copied().collect();
    for (user, own) in MAY {
        assert!(own.iter().all(|act| acts.contains_key(act)), "{user} may do what is never tried");
        let mut wire = Wire::connect(address, user);
        for (act, subjects) in ACTS {
            for subject in *subjects {
                assert_eq!(wire.publishes(subject), own.contains(act), "{user}: {act} by {subject}");
            }
        }
        assert!(wire.publishes("$JS.API.STREAM.INFO.EVENTS") && wire.subscribes(&format!("_INBOX_{user}.x.*")));
        for subject in OVERHEARD {
            assert!(!wire.subscribes(subject), "{user} hears {subject}");
        }
    }
}

#[test]
fn a_stranger_and_a_wrong_password_are_turned_away() {
    let dir = tempfile::tempdir().unwrap();
    let (_nats, address) = guarded(dir.path());
    for credentials in ["", "ingress:wrong@", "nobody:ingress@"] {
        let report = run(dir.path(), &["streams", "report", "--nats-url", &format!("nats://{credentials}{address}")]);
        let said = String::from_utf8_lossy(&report.stderr).into_owned();
        assert_eq!(report.status.code(), Some(4), "{said}");
        assert!(said.contains("refuses these credentials") && !said.contains("wrong"), "{said}");
    }
}

#[test]
fn every_durable_is_what_its_service_is_scaled_by() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/kubernetes/components/autoscaling");
    let scaled = std::fs::read_to_string(path.join("scaled-objects.yaml")).unwrap();
    let mut found = BTreeSet::new();
    for object in scaled.split("\n---\n") {
        let value = |line: &str, key: &str| line.trim().strip_prefix(key).map(|value| value.trim().to_owned());
        let name = object.lines().find_map(|line| value(line, "name:")).unwrap();
        let streams = object.lines().filter_map(|line| value(line, "stream:"));
        let consumers = object.lines().filter_map(|line| value(line, "consumer:"));
        found.extend(streams.zip(consumers).map(|(stream, consumer)| (name.clone(), stream, consumer)));
    }
    let mut wanted = BTreeSet::from([("recorder".to_owned(), "INBOX".to_owned(), "recorder".to_owned())]);
    for service in handlers::SERVICES {
        let durables = (service.durables)().into_iter();
        wanted.extend(durables.map(|it| (service.name.to_owned(), it.stream.name().to_owned(), it.name.to_owned())));
    }
    assert_eq!(found, wanted);
}

/// A nats-server with the committed file, every user's password its name.
pub(crate) fn guarded(dir: &Path) -> (Nats, SocketAddr) {
    let passwords = MAY.iter().map(|(user, _)| format!("NATS_PASSWORD_{}: {user}\n", user.to_uppercase()));
    let settings = passwords.collect::<String>() + &std::fs::read_to_string(committed()).unwrap();
    let address = free_address();
    (Nats::start(dir, address, &settings), address)
}

fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/nats/authorization.conf")
}

/// The protocol itself: the server says no in the order of what was asked.
struct Wire(BufReader<TcpStream>);

impl Wire {
    fn connect(address: SocketAddr, user: &str) -> Self {
        let mut wire = Self(BufReader::new(TcpStream::connect(address).unwrap()));
        let hello =
            format!(r#"CONNECT {{"user":"{user}","pass":"{user}","verbose":false,"lang":"test","version":"1"}}"#);
        assert!(!wire.is_denied(&hello), "{user} is not let in");
        wire
    }

    fn publishes(&mut self, subject: &str) -> bool {
        !self.is_denied(&format!("PUB {subject} 0\r\n"))
    }

    fn subscribes(&mut self, subject: &str) -> bool {
        !self.is_denied(&format!("SUB {subject} 1"))
    }

    fn is_denied(&mut self, request: &str) -> bool {
        write!(self.0.get_mut(), "{request}\r\nPING\r\n").unwrap();
        let mut denied = false;
        loop {
            let mut line = String::new();
            assert!(self.0.read_line(&mut line).unwrap() > 0, "the server has hung up");
            match line.trim_end() {
                "PONG" => return denied,
                "PING" => self.0.get_mut().write_all(b"PONG\r\n").unwrap(),
                line => denied |= line.starts_with("-ERR 'Permissions Violation"),
            }
        }
    }
}
