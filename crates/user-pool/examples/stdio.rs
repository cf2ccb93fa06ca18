//! A user pool on standard input and output, for scripts that put a client library in front of it: every line of input is
//! `{"target": X-Amz-Target, "body": {…}}`, every line of output `{"status": …, "errorType": …, "body": {…}}`. The target `jwks`
//! answers the keys. Lines beginning with `#` on standard error are the messages that users would get.

use std::collections::BTreeSet;
use std::error::Error;
use std::io::{BufRead as _, Write as _};
use std::sync::Arc;

use user_pool::{
    AuthFlow, Caller, ClientDefinition, Options, PoolDefinition, Secret, SignInAttribute, UserDefinition, UserPools,
};
use value::{Object, Value};

fn main() -> Result<(), Box<dyn Error>> {
    let mut pool = PoolDefinition::new("eu-west-1_Example01");
    let client = |id: &str| ClientDefinition { auth_flows: BTreeSet::from(AuthFlow::ALL), ..ClientDefinition::new(id) };
    pool.clients = vec![client("web"), ClientDefinition { secret: Some(Secret::new("hush")), ..client("secret") }];
    pool.users = vec![UserDefinition::new("ann").with_password("Correct-horse-1").in_group("editors")];
    pool.auto_verified_attributes = BTreeSet::from([SignInAttribute::Email]);
    let messenger = Arc::new(|message: &user_pool::Message| {
        // Nobody is there to hear that standard error is closed.
        let _ = writeln!(std::io::stderr(), "# {} {}", message.destination, message.secret);
    });
    let pools = UserPools::open(vec![pool], &Options { messenger, ..Options::in_memory() })?;
    let mut output = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let request = Value::parse(line?.as_bytes())?;
        let target = request.get("target").and_then(Value::as_str).unwrap_or_default();
        let mut answer = Object::new();
        if target == "jwks" {
            answer.insert("body", pools.pools()[0].jwks()?);
        } else {
            let body = request.get("body").map(Value::to_json).unwrap_or_default();
            let response = pools.handle(target, body.as_bytes(), Caller::Administrator);
            answer.insert("status", i64::from(response.status));
            answer.insert("errorType", response.error.map(|error| error.error_type.name()));
            answer.insert("body", response.body);
        }
        writeln!(output, "{}", Value::from(answer))?;
        output.flush()?;
    }
    Ok(())
}
