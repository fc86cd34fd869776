use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

const ARRIVAL: Duration = Duration::from_secs(120);

/// A mail server on the loopback that keeps what it takes, and behaves as it is told.
pub struct MailServer {
    port: u16,
    kept: Arc<Mutex<Kept>>,
    task: JoinHandle<()>,
}

/// How it meets those who come with mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MailManners {
    #[default]
    Takes,
    /// Greets with this code.
    Greets(u16),
    /// Answers every recipient with this code.
    RefusesRecipients(u16),
    /// Answers a whole mail with this code, and does not keep it.
    RefusesMails(u16),
    /// Wants a name and a password, and knows nobody.
    KnowsNobody,
    /// Says nothing more after its greeting.
    Stalls,
    /// Keeps the mail and hangs up instead of saying so.
    HangsUp,
}

/// A mail as it came over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    pub from: String,
    pub to: Vec<String>,
    /// Headers and body.
    pub data: Vec<u8>,
}

#[derive(Default)]
struct Kept {
    mails: Vec<Mail>,
    manners: MailManners,
}

impl MailServer {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.unwrap_or_else(|error| panic!("no port for a mail server: {error}"));
        let port = listener.local_addr().map_or(0, |address| address.port());
        let kept = Arc::new(Mutex::new(Kept::default()));
        let held = Arc::clone(&kept);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let kept = Arc::clone(&held);
                tokio::spawn(async move { Session::new(stream, kept).run().await });
            }
        });
        Self { port, kept, task }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// From now on, in conversations under way too.
    pub fn behave(&self, manners: MailManners) {
        lock(&self.kept).manners = manners;
    }

    pub fn mails(&self) -> Vec<Mail> {
        lock(&self.kept).mails.clone()
    }

    /// Waits until so many mails have come.
    pub async fn arrived(&self, count: usize) -> Vec<Mail> {
        let since = Instant::now();
        loop {
            let mails = self.mails();
            if mails.len() >= count {
                return mails;
            }
            assert!(since.elapsed() < ARRIVAL, "{} of {count} mails have come", mails.len());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Session {
    lines: BufReader<OwnedReadHalf>,
    answers: OwnedWriteHalf,
    kept: Arc<Mutex<Kept>>,
    mail: Mail,
}

impl Session {
    fn new(stream: TcpStream, kept: Arc<Mutex<Kept>>) -> Self {
        let (read, answers) = stream.into_split();
        let mail = Mail { from: String::new(), to: Vec::new(), data: Vec::new() };
        Self { lines: BufReader::new(read), answers, kept, mail }
    }

    fn manners(&self) -> MailManners {
        lock(&self.kept).manners
    }

    async fn run(mut self) -> Option<()> {
        let greeting = if let MailManners::Greets(code) = self.manners() { code } else { 220 };
        self.say(greeting, "testkit").await?;
        loop {
            let line = self.line().await?;
            if self.manners() == MailManners::Stalls {
                std::future::pending::<()>().await;
            }
            let (verb, rest) = line.split_once([' ', ':']).unwrap_or((&line, ""));
            match (verb.to_ascii_uppercase().as_str(), self.manners()) {
                ("EHLO" | "HELO", MailManners::KnowsNobody) => {
                    self.answers.write_all(b"250-testkit\r\n250 AUTH PLAIN LOGIN\r\n").await.ok()?;
                }
                ("AUTH", _) => self.say(535, "who are you").await?,
                ("MAIL", MailManners::KnowsNobody) => self.say(530, "say who you are").await?,
                ("MAIL", _) => {
                    self.mail = Mail { from: path(rest), to: Vec::new(), data: Vec::new() };
                    self.say(250, "ok").await?;
                }
                ("RCPT", MailManners::RefusesRecipients(code)) => self.say(code, "not here").await?,
                ("RCPT", _) => {
                    self.mail.to.push(path(rest));
                    self.say(250, "ok").await?;
                }
                ("DATA", manners) => self.data(manners).await?,
                ("QUIT", _) => return self.say(221, "bye").await,
                _ => self.say(250, "ok").await?,
            }
        }
    }

    async fn data(&mut self, manners: MailManners) -> Option<()> {
        self.say(354, "go on").await?;
        loop {
            let mut line = Vec::new();
            if self.lines.read_until(b'\n', &mut line).await.ok()? == 0 {
                return None;
            }
            if line == b".\r\n" {
                break;
            }
            // A leading dot was doubled on the way.
            self.mail.data.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
        }
        if let MailManners::RefusesMails(code) = manners {
            return self.say(code, "no").await;
        }
        lock(&self.kept).mails.push(self.mail.clone());
        if manners == MailManners::HangsUp {
            return None;
        }
        self.say(250, "taken").await
    }

    async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        (self.lines.read_line(&mut line).await.ok()? > 0).then(|| line.trim_end().to_owned())
    }

    async fn say(&mut self, code: u16, text: &str) -> Option<()> {
        self.answers.write_all(format!("{code} {text}\r\n").as_bytes()).await.ok()
    }
}

/// The address in `FROM:<ann@example.com> BODY=8BITMIME`.
fn path(rest: &str) -> String {
    let inside = rest.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inside.map_or_else(String::new, |(address, _)| address.to_owned())
}

fn lock(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}
