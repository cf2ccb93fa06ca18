//! Bringing a schema into a database: scripts of many statements, each run once.

use std::time::Instant;

use futures_util::future::BoxFuture;

use crate::pool::{Engine, Pool};
use crate::{DatabaseError, EngineKind, ErrorKind, scan};

/// The table that remembers what was run.
pub(crate) const TABLE: &str = "rds_data_seed";

/// A script of SQL statements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// What it is remembered by, usually its path in the project.
    pub name: String,
    /// The statements, separated by semicolons.
    pub text: String,
}

/// What became of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seeded {
    /// It was run now.
    Now,
    /// It was run before, just as it is.
    Before,
    /// It was run before and has been changed since; it was not run again.
    Changed,
}

/// What seeding needs of an engine.
pub(crate) trait Seed: Engine {
    /// Whose SQL the scripts are.
    const DIALECT: EngineKind;

    /// Makes the table that remembers, if it is not there.
    fn prepare<'a>(&'a self, lane: &'a mut Self::Lane) -> BoxFuture<'a, Result<(), DatabaseError>>;

    /// Runs a script in a transaction unless its name is known; gives the hash that is remembered of it.
    ///
    /// Several processes may seed at the same time: whoever comes second finds the name.
    fn script<'a>(
        &'a self,
        lane: &'a mut Self::Lane,
        script: &'a Script,
        hash: &'a str,
    ) -> BoxFuture<'a, Result<Ran, DatabaseError>>;
}

/// What an engine did with a script.
pub(crate) enum Ran {
    /// It was new.
    Now,
    /// The name is known with this hash.
    Known(String),
}

pub(crate) async fn run<E: Seed>(pool: &Pool<E>, scripts: &[Script], deadline: Instant) -> Result<Vec<Seeded>, DatabaseError> {
    let mut seeded = Vec::with_capacity(scripts.len());
    for script in scripts {
        // Each script begins with a session that no other one has changed.
        let mut lease = pool.lease(deadline).await?;
        let Some(lane) = lease.lane.as_mut() else { return Err(DatabaseError::new(ErrorKind::Internal, "no connection")) };
        let hash = hash(&script.text);
        let work = async {
            if seeded.is_empty() {
                pool.engine().prepare(lane).await?;
            }
            pool.engine().script(lane, script, &hash).await
        };
        // When it fails, whatever the script did to the session goes with the connection.
        let ran = tokio::time::timeout_at(deadline.into(), work).await.map_err(|_| DatabaseError::timeout())??;
        lease.end(None);
        seeded.push(match ran {
            Ran::Now => Seeded::Now,
            Ran::Known(known) if known == hash => Seeded::Before,
            Ran::Known(_) => Seeded::Changed,
        });
    }
    Ok(seeded)
}

/// The statements of a script for an engine, each with the line it begins in.
///
/// Those that would end the script's transaction half way are refused, and so is a COPY that waits for data which no one sends.
pub(crate) fn statements<E: Seed>(script: &Script) -> Result<Vec<(usize, &str)>, DatabaseError> {
    let statements = scan::script(&script.text, E::DIALECT);
    for (line, statement) in &statements {
        let keyword = scan::keyword(statement, E::DIALECT);
        let refused = if scan::CONTROLS_TRANSACTIONS.contains(&&*keyword) {
            format!("{keyword} is not supported: a script runs in one transaction of its own")
        } else if keyword == "COPY" && scan::mentions(statement, &["stdin", "stdout"]) {
            "COPY from or to the client is not supported: write INSERT (pg_dump --inserts)".to_owned()
        } else {
            continue;
        };
        return Err(place(script, *line, DatabaseError::bad_request(refused)));
    }
    Ok(statements)
}

/// Says where in a script an error happened.
pub(crate) fn place(script: &Script, line: usize, mut error: DatabaseError) -> DatabaseError {
    error.message = format!("{}, statement at line {line}: {}", script.name, error.message);
    error
}

/// FNV-1a, 128 bits: it tells changes from no changes, nobody is kept from forging one.
fn hash(text: &str) -> String {
    let mut hash = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128;
    for byte in text.bytes() {
        hash = (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
    }
    format!("{hash:032x}")
}
