//! What we write to people. Each mail says what it is about, what to do, and what if it was not they who asked.

use squad_storage::NewMail;
use std::time::Duration;

/// The longest name that is repeated in a mail, in characters. Names are chosen by others: a longer one could be a letter
/// of its own.
const LONGEST_NAME: usize = 80;

/// Asks to show that an address is theirs.
#[must_use]
pub fn verify_address(to: &str, link: &str, valid: Duration) -> NewMail {
    let valid = span(valid);
    let text = format!(
        "Please confirm that this address is yours:\n\n{link}\n\nThe link works once, and for {valid}.\n\n\
         If you did not enter this address at Agent Squad, ignore this mail; nothing happens then.\n"
    );
    mail(to, "Confirm your address".to_owned(), text)
}

/// Tells who tried to make a second account that they have one. Only the owner of the address learns it.
#[must_use]
pub fn already_registered(to: &str, link: &str) -> NewMail {
    let text = format!(
        "Somebody tried to make an account at Agent Squad with this address. You have one already; sign in here:\n\n{link}\n\n\
         If you forgot the password, choose \"Forgot password\" there.\n\nIf it was not you, ignore this mail; nothing was changed.\n"
    );
    mail(to, "You have an account already".to_owned(), text)
}

/// Lets them choose a new password.
#[must_use]
pub fn reset_password(to: &str, link: &str, valid: Duration) -> NewMail {
    let valid = span(valid);
    let text = format!(
        "Somebody asked for a new password for your account at Agent Squad. Choose one here:\n\n{link}\n\n\
         The link works once, and for {valid}. You are signed out everywhere when you use it.\n\n\
         If it was not you, ignore this mail; your password stays as it is.\n"
    );
    mail(to, "Choose a new password".to_owned(), text)
}

/// Invites them into an organization.
#[must_use]
pub fn invitation(to: &str, inviter: &str, organization: &str, link: &str, valid: Duration) -> NewMail {
    let (inviter, organization, valid) = (name(inviter), name(organization), span(valid));
    let text = format!(
        "{inviter} invites you to join \"{organization}\" at Agent Squad, where people and AI employees work together.\n\n\
         Accept the invitation here:\n\n{link}\n\nThe link works once, and for {valid}.\n\n\
         If you do not know {inviter}, ignore this mail; nothing happens then.\n"
    );
    mail(to, format!("{inviter} invites you to {organization}"), text)
}

/// Tells the address that an account had before that it has another one now.
#[must_use]
pub fn address_changed(to: &str) -> NewMail {
    let text = "The mail address of your account at Agent Squad was changed. From now on we write to the new one; this is \
        the last mail to this one.\n\nIf it was not you, somebody else may be using your account: write to whoever runs \
        your Agent Squad at once.\n";
    mail(to, "The address of your account was changed".to_owned(), text.to_owned())
}

/// Tells that the password was changed.
#[must_use]
pub fn password_changed(to: &str) -> NewMail {
    let text = "The password of your account at Agent Squad was changed, and all other devices were signed out.\n\n\
        If it was not you, somebody else may be using your account: choose a new password at once with \"Forgot \
        password\", and tell whoever runs your Agent Squad.\n";
    mail(to, "Your password was changed".to_owned(), text.to_owned())
}

fn mail(to: &str, subject: String, text: String) -> NewMail {
    NewMail { to: to.to_owned(), subject, text }
}

/// A name on one line, of a length that a name has. What begins like a web address no longer does: many programs would make
/// a link of it.
fn name(name: &str) -> String {
    let words = name.split(|character: char| character.is_whitespace() || character.is_control());
    let line = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let line = line.replace("://", " ").replace("www.", "www ");
    if line.chars().count() <= LONGEST_NAME {
        return line;
    }
    line.chars().take(LONGEST_NAME).chain(['…']).collect()
}

/// A span of time in words: whole hours where there is at least one, else minutes.
fn span(span: Duration) -> String {
    let minutes = span.as_secs() / 60;
    let (count, unit) = match minutes {
        0..60 => (minutes, "minute"),
        60..2880 => (minutes / 60, "hour"),
        _ => (minutes / 1440, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn links_stand_on_a_line_of_their_own_and_say_how_long_they_are_good() {
        let link = "https://squad.test/x?token=t";
        for (mail, valid) in [
            (verify_address("a@b.test", link, HOUR * 24), "24 hours"),
            (reset_password("a@b.test", link, HOUR), "1 hour"),
            (reset_password("a@b.test", link, HOUR / 2), "30 minutes"),
            (invitation("a@b.test", "Ada", "Engines", link, HOUR * 24 * 7), "7 days"),
        ] {
            assert!(mail.text.contains(&format!("\n\n{link}\n\n")), "{}", mail.text);
            assert!(mail.text.contains(valid), "{}", mail.text);
        }
    }

    #[test]
    fn whoever_chooses_a_name_does_not_write_the_mail() {
        let long = "x".repeat(500);
        let mail =
            invitation("a@b.test", "Ada\r\nBcc: all@b.test\n\nClick https://evil.test", &long, "L", HOUR);
        assert_eq!(mail.subject.lines().count(), 1);
        assert!(!mail.text.contains("https://"), "{}", mail.text);
        assert!(!mail.text.lines().any(|line| line.starts_with("Bcc")), "{}", mail.text);
        assert!(!mail.text.contains(&"x".repeat(81)));
    }
}
