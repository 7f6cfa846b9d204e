//! Mail, by a real server (maildev) and by one that refuses.

use crate::common::{runner, storage};
use serde_json::Value;
use squad_integrations::jobs::Handlers;
use squad_integrations::mail::{MailHandler, Mailer, texts};
use squad_storage::{JobFailure, NewMail, Storage};
use squad_testkit::{VirtualClock, peer};
use std::io;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

const FROM: &str = "Agent Squad <squad@example.com>";
const LINK: &str = "https://squad.test/verify?token=hidden&x=1";

/// A mail server, and the mails that it took.
struct MailDev {
    smtp: u16,
    web: u16,
    _process: Child,
}

/// A port that nobody listens on.
async fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap().port()
}

impl MailDev {
    async fn start(options: &[&str]) -> Self {
        let (smtp, web) = (free_port().await, free_port().await);
        let mut process = Command::new(peer("maildev"))
            .args(["--smtp", &smtp.to_string(), "--web", &web.to_string()])
            .args(["--ip", "127.0.0.1", "--web-ip", "127.0.0.1"])
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut waiting = vec!["webapp running", "SMTP Server running"];
        while !waiting.is_empty() {
            let line = lines.next_line().await.unwrap().expect("maildev says when it is ready");
            waiting.retain(|sign| !line.contains(sign));
        }
        // Whoever writes into a pipe that nobody reads stands still in the end.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self { smtp, web, _process: process }
    }

    fn url(&self, user: &str) -> String {
        format!("smtp://{user}127.0.0.1:{}", self.smtp)
    }

    async fn mails(&self) -> Vec<Value> {
        let url = format!("http://127.0.0.1:{}/email", self.web);
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        client.get(url).send().await.unwrap().json().await.unwrap()
    }
}

/// A server that answers each command of a session as told.
async fn refusing(recipient: &'static str) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(session(stream, recipient));
        }
    });
    port
}

async fn session(stream: TcpStream, recipient: &str) {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 test\r\n").await.unwrap();
    while let Ok(Some(line)) = lines.next_line().await {
        let answer = match line.split([' ', ':']).next().unwrap() {
            "RCPT" => recipient,
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        if write.write_all(format!("{answer}\r\n").as_bytes()).await.is_err() {
            return;
        }
    }
}

/// Keeps what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        io::Write::write(&mut *self.0.lock().unwrap(), bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn mailer(port: u16) -> Mailer {
    Mailer::new(&format!("smtp://127.0.0.1:{port}"), FROM).unwrap()
}

fn verify() -> NewMail {
    texts::verify_address("ada@example.com", LINK, Duration::from_secs(86_400))
}

fn handlers(storage: &Storage, mailer: Option<Mailer>) -> Handlers {
    Handlers::new().with(MailHandler::new(storage.clone(), mailer))
}

#[tokio::test]
async fn a_mail_arrives_as_text_and_as_html_and_is_forgotten() {
    let server = MailDev::start(&[]).await;
    let (storage, _database) = storage().await;
    let time = VirtualClock::default();
    storage.add_mail(verify(), time.now()).await.unwrap();
    let mut name = verify();
    name.subject = "Grüße\r\nBcc: eve@evil.test".into();
    name.to = "Ada Lovelace <ada@example.com>".into();
    storage.add_mail(name, time.now()).await.unwrap();
    let mailer = Mailer::new(&server.url(""), FROM).unwrap();
    assert_eq!(runner(&storage, handlers(&storage, Some(mailer)), &time).run_due().await, 2);
    let mails = server.mails().await;
    let mail = mails.iter().find(|mail| mail["subject"] == "Confirm your address").unwrap();
    assert_eq!(mail["to"][0]["address"], "ada@example.com");
    assert_eq!(mail["from"][0]["name"], "Agent Squad");
    assert_eq!(mail["text"].as_str().unwrap().trim(), verify().text.trim());
    let link = format!("<a href=\"{}\">", LINK.replace('&', "&amp;"));
    assert!(mail["html"].as_str().unwrap().contains(&link), "{}", mail["html"]);
    for mail in &mails {
        assert_eq!(mail["envelope"]["to"].as_array().unwrap().len(), 1, "{mail}");
        assert!(mail["headers"].get("bcc").is_none(), "{mail}");
    }
    assert_eq!(storage.unsent_mails(9).await.unwrap(), []);
    assert_eq!(storage.dead_jobs(9).await.unwrap(), []);
}

#[tokio::test]
async fn with_a_wrong_password_it_waits_for_the_right_one() {
    let server = MailDev::start(&["--incoming-user", "squad", "--incoming-pass", "right"]).await;
    let wrong = Mailer::new(&server.url("squad:wrong@"), FROM).unwrap().send(&verify()).await.unwrap_err();
    assert!(matches!(&wrong, JobFailure::Retry(why) if !why.contains("wrong@")), "{wrong:?}");
    Mailer::new(&server.url("squad:right@"), FROM).unwrap().send(&verify()).await.unwrap();
    assert_eq!(server.mails().await.len(), 1);
}

#[tokio::test]
async fn a_recipient_that_is_refused_for_good_is_given_up_and_one_for_now_is_not() {
    let gone = mailer(refusing("550 no such user").await).send(&verify()).await.unwrap_err();
    assert!(matches!(&gone, JobFailure::Fail(why) if why.contains("no such user")), "{gone:?}");
    let later = mailer(refusing("450 come back later").await).send(&verify()).await.unwrap_err();
    assert!(matches!(later, JobFailure::Retry(_)), "{later:?}");
    let mut nowhere = verify();
    nowhere.to = "not an address".into();
    let nowhere = mailer(free_port().await).send(&nowhere).await.unwrap_err();
    assert!(matches!(nowhere, JobFailure::Fail(_)), "{nowhere:?}");
}

#[tokio::test]
async fn while_the_server_is_down_the_mail_waits_and_says_why() {
    let (storage, _database) = storage().await;
    let time = VirtualClock::default();
    let id = storage.add_mail(verify(), time.now()).await.unwrap();
    let down = mailer(free_port().await);
    assert_eq!(runner(&storage, handlers(&storage, Some(down)), &time).run_due().await, 1);
    let kept = storage.mail(id).await.unwrap().unwrap();
    assert!(kept.error.unwrap().contains("the mail server did not take it"));
    assert_eq!(storage.dead_jobs(9).await.unwrap(), []);
    time.advance(Duration::from_secs(20));
    let server = MailDev::start(&[]).await;
    let up = Mailer::new(&server.url(""), FROM).unwrap();
    assert_eq!(runner(&storage, handlers(&storage, Some(up)), &time).run_due().await, 1);
    assert_eq!((server.mails().await.len(), storage.mail(id).await.unwrap()), (1, None));
}

#[tokio::test]
async fn without_a_server_the_link_is_in_the_log_and_kept() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let _logging = tracing::subscriber::set_default(subscriber);
    let (storage, _database) = storage().await;
    let time = VirtualClock::default();
    storage.add_mail(verify(), time.now()).await.unwrap();
    let runner = runner(&storage, handlers(&storage, None), &time);
    assert_eq!(runner.run_due().await, 1);
    time.advance(Duration::from_secs(3600));
    assert_eq!(runner.run_due().await, 0, "it is not tried again");
    assert_eq!(storage.unsent_mails(9).await.unwrap()[0].mail, verify());
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("squad::mail") && log.contains(LINK), "{log}");
}
