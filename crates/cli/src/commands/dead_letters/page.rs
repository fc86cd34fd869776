use std::io;

use serde_json::json;
use streams::{Broker, Filed, LetterGroup};

use crate::cli::Common;
use crate::failure::Outcome;
use crate::output::{self, Format};
use crate::roles;

/// One row per failure.
pub(super) fn grouped(common: &Common, letters: &[Filed]) -> io::Result<()> {
    let groups = streams::grouped(letters);
    if common.output == Format::Json {
        return output::json(&groups);
    }
    let row = |group: &LetterGroup| {
        [
            group.handler.clone(),
            group.fingerprint.clone(),
            group.letters.to_string(),
            group.class.to_string(),
            group.first.to_string(),
            format!("{:.0}", group.last_at),
            group.reason.clone(),
        ]
    };
    output::table(["HANDLER", "FINGERPRINT", "LETTERS", "CLASS", "FIRST", "LAST AT", "REASON"], groups.iter().map(row))
}

/// One row per letter.
pub(super) fn each(common: &Common, letters: &[Filed]) -> io::Result<()> {
    if common.output == Format::Json {
        return output::json(&letters);
    }
    let row = |Filed { id, letter }: &Filed| {
        [
            id.to_string(),
            letter.handler.clone(),
            format!("{} {}", letter.stream, letter.sequence),
            letter.class.to_string(),
            letter.attempts.to_string(),
            format!("{:.0}", letter.at),
            letter.reason.clone(),
        ]
    };
    output::table(["ID", "HANDLER", "MESSAGE", "CLASS", "TRIES", "AT", "REASON"], letters.iter().map(row))
}

/// The message itself is not printed: it may hold what is nobody's business. What it is, is.
pub(super) async fn one(common: &Common, broker: &Broker, filed: &Filed) -> Outcome {
    let message = streams::pointed_at(broker, &filed.letter).await.map_err(roles::explain)?;
    let page = json!({ "letter": filed, "message": message });
    if common.output == Format::Json {
        return Ok(output::json(&page)?);
    }
    let Filed { id, letter } = filed;
    let mut text = format!(
        "letter      {id}\nhandler     {}\nmessage     {} {}\nsubject     {}\nclass       {}\nfingerprint {}\n\
         tries       {}\nat          {}\nreason      {}\n",
        letter.handler,
        letter.stream,
        letter.sequence,
        letter.subject,
        letter.class,
        letter.fingerprint,
        letter.attempts,
        letter.at,
        letter.reason,
    );
    match &message {
        None => text += "\nThe message is no longer there: it cannot be redriven.\n",
        Some(message) => {
            text += &format!("stored      {}\nsize        {} bytes\n", message.stored_at, message.size);
            for (name, value) in &message.headers {
                text += &format!("{name:<28} {value}\n");
            }
        }
    }
    Ok(output::text(&text)?)
}
