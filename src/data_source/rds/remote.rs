//! The RDS Data API over the network, for a real Aurora cluster or whatever answers like it.
//!
//! One statement is one `ExecuteStatement`; two are put between `BeginTransaction` and `CommitTransaction`. A transaction that is not
//! committed, because a statement failed, the deadline passed or the caller went away, is rolled back.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use rds_data::Request;
use value::{Object, Str, Value, value};

use super::error::{rds_http, refused_by_database};
use crate::aws::{AwsRequest, AwsService, SendError};
use crate::data_source::DataSourceError;

/// How long rolling back may take: nobody waits for it.
const ROLLBACK_TIMEOUT: Duration = Duration::from_secs(10);

/// The cluster that requests name.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// `resourceArn`
    pub resource_arn: Str,
    /// `secretArn`: where the service finds the database's user.
    pub secret_arn: Str,
    /// `database`
    pub database: Option<Str>,
    /// `schema`
    pub schema: Option<Str>,
}

/// A cluster behind the RDS Data API.
#[derive(Clone, Debug)]
pub struct DataApi {
    service: AwsService,
    cluster: Cluster,
    response_limit: usize,
}

impl DataApi {
    /// `service` signs for `rds-data`; an answer may have `response_limit` bytes.
    #[must_use]
    pub fn new(service: AwsService, cluster: Cluster, response_limit: usize) -> Self {
        Self { service, cluster, response_limit }
    }

    pub(super) async fn execute(&self, request: &Request, deadline: Instant) -> Result<Value, DataSourceError> {
        let mut results = Vec::with_capacity(request.statements.len());
        if let [statement] = &request.statements[..] {
            results.push(self.statement(request, statement, None, deadline).await?);
        } else {
            let mut transaction = self.begin(deadline).await?;
            for statement in &request.statements {
                results.push(self.statement(request, statement, Some(&transaction.id), deadline).await?);
            }
            transaction.commit(deadline).await?;
        }
        Ok(value!({"sqlStatementResults": results}))
    }

    /// `ExecuteStatement`. In a transaction, database and schema are the transaction's.
    async fn statement(
        &self,
        request: &Request,
        statement: &Str,
        transaction: Option<&Str>,
        deadline: Instant,
    ) -> Result<Value, DataSourceError> {
        let parameters = request.sql_parameters(statement).map_err(|error| refused_by_database(&error))?;
        let mut body = self.body(transaction.is_none());
        body.insert("sql", Str::clone(statement));
        body.insert("parameters", parameters);
        body.insert("includeResultMetadata", true);
        if let Some(transaction) = transaction {
            body.insert("transactionId", Str::clone(transaction));
        }
        self.send("/Execute", body, deadline).await
    }

    async fn begin(&self, deadline: Instant) -> Result<Transaction<'_>, DataSourceError> {
        let answer = self.send("/BeginTransaction", self.body(true), deadline).await?;
        match answer.get("transactionId") {
            Some(Value::String(id)) => Ok(Transaction { api: self, id: Str::clone(id), open: true }),
            _ => Err(rds_http(StatusCode::BAD_GATEWAY, "BeginTransaction was answered without a transactionId")),
        }
    }

    /// The members that every request has.
    fn body(&self, with_database: bool) -> Object {
        let mut body = Object::with_capacity(8);
        body.insert("resourceArn", Str::clone(&self.cluster.resource_arn));
        body.insert("secretArn", Str::clone(&self.cluster.secret_arn));
        for (key, name) in [("database", &self.cluster.database), ("schema", &self.cluster.schema)] {
            if let Some(name) = name.as_ref().filter(|_| with_database) {
                body.insert(key, Str::clone(name));
            }
        }
        body
    }

    async fn send(&self, path: &str, body: Object, deadline: Instant) -> Result<Value, DataSourceError> {
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        let body = Bytes::from(Value::from(body).to_json());
        let request = AwsRequest { method: Method::POST, path: path.to_owned(), query: Vec::new(), headers, body };
        let answer = self.service.send(request, deadline, self.response_limit).await.map_err(|error| unanswered(&error))?;
        if !answer.status.is_success() {
            let message = answer.exception().message;
            return Err(rds_http(answer.status, message.as_deref().unwrap_or("the answer has no message")));
        }
        Value::parse(&answer.body).map_err(|_| rds_http(StatusCode::BAD_GATEWAY, "the answer is not JSON"))
    }
}

/// A transaction that is rolled back unless it is committed.
struct Transaction<'a> {
    api: &'a DataApi,
    id: Str,
    open: bool,
}

impl Transaction<'_> {
    async fn commit(&mut self, deadline: Instant) -> Result<(), DataSourceError> {
        self.api.send("/CommitTransaction", self.end(), deadline).await?;
        self.open = false;
        Ok(())
    }

    fn end(&self) -> Object {
        let mut body = self.api.body(false);
        body.insert("transactionId", Str::clone(&self.id));
        body
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if self.open {
            let (api, body) = (self.api.clone(), self.end());
            runtime.spawn(async move {
                // The service ends it by itself after three minutes without a statement.
                if let Err(error) = api.send("/RollbackTransaction", body, Instant::now() + ROLLBACK_TIMEOUT).await {
                    tracing::debug!(error = %error.message, "a transaction of the RDS Data API could not be rolled back");
                }
            });
        }
    }
}

/// No answer, in the form of one.
fn unanswered(error: &SendError) -> DataSourceError {
    let status = match error {
        SendError::Timeout | SendError::Unreachable(_) => StatusCode::GATEWAY_TIMEOUT,
        SendError::TooLarge { .. } | SendError::Credentials(_) | SendError::NoRegion | SendError::InvalidRequest(_) => {
            StatusCode::BAD_REQUEST
        }
    };
    let message = match error {
        SendError::Timeout => "Request timed out".to_owned(),
        SendError::TooLarge { .. } => "Database returned more than the allowed response size limit".to_owned(),
        other => other.to_string(),
    };
    rds_http(status, &message)
}
