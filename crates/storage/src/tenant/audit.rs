//! The audit log: who did what, from where. Each entry's hash covers the one before, and no entry is changed or deleted
//! (triggers on both databases see to that).

use super::{Author, Tenant, TenantWrite};
use crate::convert::{count, micros, number, text, timestamp};
use crate::dialect::{execute, one};
use crate::error::StorageError;
use async_trait::async_trait;
use sea_orm::{DatabaseTransaction, DbErr, QueryResult};
use serde_json::{Value, json};
use squad_domain::Timestamp;
use squad_domain::ids::OrgId;
use squad_secrets::audit::{Chain, Hash};
use std::fmt::Display;

/// What a change tells the audit log.
#[derive(Debug, Clone)]
pub(crate) struct Audit {
    /// `squad.created`: what it was about, and what happened to it.
    pub(crate) action: &'static str,
    /// Which one, such as an id.
    pub(crate) subject: String,
    /// What else is worth knowing. Never a secret.
    pub(crate) details: Value,
}

impl Audit {
    pub(crate) fn new(action: &'static str, subject: impl Display, details: Value) -> Self {
        Self { action, subject: subject.to_string(), details }
    }
}

/// An entry of the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its place, from 1.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// Who: `user:<id>`, `api_key:<id>` or `system`.
    pub actor: String,
    /// From where, as an IP address.
    pub address: String,
    /// What happened: `squad.created`.
    pub action: String,
    /// To which one.
    pub subject: String,
    /// What else is worth knowing.
    pub details: Value,
    /// Covers this entry and all before it, in hexadecimal.
    pub hash: String,
}

/// Whether the chain holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditProof {
    /// How many entries there are.
    pub entries: u64,
    /// The hash of the last one; `None` where there is none. Keep it elsewhere to notice a rewritten log.
    pub head: Option<String>,
    /// The first entry that does not fit those before it.
    pub broken_at: Option<u64>,
}

/// The bytes that the hash covers: JSON with sorted names.
fn canonical(entry: &AuditEntry) -> String {
    json!({
        "seq": entry.seq,
        "at": micros(entry.at),
        "actor": entry.actor,
        "address": entry.address,
        "action": entry.action,
        "subject": entry.subject,
        "details": entry.details,
    })
    .to_string()
}

fn hash(hexadecimal: &str) -> Option<Hash> {
    let mut bytes = [0; 32];
    if hexadecimal.len() != 64 || !hexadecimal.is_ascii() {
        return None;
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hexadecimal[2 * index..2 * index + 2], 16).ok()?;
    }
    Some(Hash::from_bytes(bytes))
}

pub(crate) async fn append(
    transaction: &DatabaseTransaction,
    org: OrgId,
    author: &Author,
    audit: Audit,
) -> Result<(), DbErr> {
    // Holding the head's row keeps entries in one order.
    let begin =
        "INSERT INTO audit_heads (org_id, last_seq, hash) VALUES ($1, 0, '') ON CONFLICT (org_id) DO NOTHING";
    execute(transaction, begin, [org.0.into()]).await?;
    let advance = "UPDATE audit_heads SET last_seq = last_seq + 1 WHERE org_id = $1 RETURNING last_seq, hash";
    let head = one(transaction, advance, [org.0.into()]).await?;
    let head = head.ok_or_else(|| DbErr::RecordNotFound("the head of the audit log".to_owned()))?;
    let previous: String = head.try_get("", "hash")?;
    let mut entry = AuditEntry {
        seq: number(head.try_get("", "last_seq")?),
        at: crate::convert::stored(author.at),
        actor: text(&author.actor),
        address: text(&author.address),
        action: audit.action.to_owned(),
        subject: text(&audit.subject),
        details: audit.details,
        hash: String::new(),
    };
    entry.hash = Chain::new(org.0.as_bytes()).next(hash(&previous), canonical(&entry).as_bytes()).to_string();
    let insert = "INSERT INTO audit_entries (org_id, seq, at, actor, address, action, subject, details, hash) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let values = [
        org.0.into(),
        count(entry.seq).into(),
        micros(entry.at).into(),
        entry.actor.as_str().into(),
        entry.address.as_str().into(),
        entry.action.as_str().into(),
        entry.subject.as_str().into(),
        text(&entry.details.to_string()).into(),
        entry.hash.as_str().into(),
    ];
    execute(transaction, insert, values).await?;
    let set = "UPDATE audit_heads SET hash = $2 WHERE org_id = $1";
    execute(transaction, set, [org.0.into(), entry.hash.as_str().into()]).await?;
    Ok(())
}

fn entry(row: &QueryResult) -> Result<AuditEntry, StorageError> {
    let details: String = row.try_get("", "details")?;
    Ok(AuditEntry {
        seq: number(row.try_get("", "seq")?),
        at: timestamp(row.try_get("", "at")?),
        actor: row.try_get("", "actor")?,
        address: row.try_get("", "address")?,
        action: row.try_get("", "action")?,
        subject: row.try_get("", "subject")?,
        details: crate::convert::from_json("the details of an audit entry", &details)?,
        hash: row.try_get("", "hash")?,
    })
}

struct Note {
    action: &'static str,
    subject: String,
    details: Value,
}

#[async_trait]
impl TenantWrite for Note {
    type Output = ();
    type Error = StorageError;

    async fn run(&self, _: &DatabaseTransaction, _: OrgId, _: i64) -> Result<(), StorageError> {
        Ok(())
    }

    fn audit(&self, (): &()) -> Option<Audit> {
        Some(Audit::new(self.action, &self.subject, self.details.clone()))
    }
}

/// Entries checked at once.
const PAGE: u64 = 1000;

impl Tenant {
    /// Writes down what happened elsewhere, such as in an execution's own log.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn note(
        &self,
        author: &Author,
        action: &'static str,
        subject: &str,
        details: Value,
    ) -> Result<(), StorageError> {
        self.write(author, Note { action, subject: subject.to_owned(), details }).await
    }

    /// At most `limit` entries, newest first, those before `before` only.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn audit_entries(
        &self,
        limit: u64,
        before: Option<u64>,
    ) -> Result<Vec<AuditEntry>, StorageError> {
        let sql = "SELECT seq, at, actor, address, action, subject, details, hash FROM audit_entries \
            WHERE org_id = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3";
        let before = before.map_or(i64::MAX, count);
        self.all(sql, [before.into(), count(limit).into()]).await?.iter().map(entry).collect()
    }

    /// Entries after `after`, oldest first, as an export reads them.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn audit_entries_after(&self, after: u64, limit: u64) -> Result<Vec<AuditEntry>, StorageError> {
        let sql = "SELECT seq, at, actor, address, action, subject, details, hash FROM audit_entries \
            WHERE org_id = $1 AND seq > $2 ORDER BY seq LIMIT $3";
        self.all(sql, [count(after).into(), count(limit).into()]).await?.iter().map(entry).collect()
    }

    /// Checks the whole chain.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn prove_audit(&self) -> Result<AuditProof, StorageError> {
        let chain = Chain::new(self.org.0.as_bytes());
        let mut proof = AuditProof { entries: 0, head: None, broken_at: None };
        loop {
            let page = self.audit_entries_after(proof.entries, PAGE).await?;
            if page.is_empty() {
                return Ok(proof);
            }
            for entry in page {
                let previous = proof.head.as_deref().and_then(hash);
                let expected = chain.next(previous, canonical(&entry).as_bytes()).to_string();
                let fits = entry.hash == expected && entry.seq == proof.entries + 1;
                if !fits && proof.broken_at.is_none() {
                    proof.broken_at = Some(entry.seq);
                }
                proof.entries = entry.seq;
                proof.head = Some(entry.hash);
            }
        }
    }
}
