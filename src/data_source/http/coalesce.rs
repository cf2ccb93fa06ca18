//! Equal GETs under way as one. Nothing is kept: once an answer is there, the next request goes out anew.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use http::{HeaderName, HeaderValue, Method};
use reqwest::{Request, Url};
use value::Value;

use crate::data_source::DataSourceError;

type Answer = Result<Value, DataSourceError>;

/// What makes requests equal: the whole URL and all headers, whoever asks for them; a credential in a header keeps callers apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    url: Url,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Key {
    /// The key of a request that may wait for another's answer: a GET without a body.
    pub(super) fn of(request: &Request) -> Option<Self> {
        (request.method() == Method::GET && request.body().is_none()).then(|| Self {
            url: request.url().clone(),
            headers: request.headers().iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
        })
    }
}

/// An exchange that several may wait for. Whoever waits drives it; when all have given up, it ends.
pub(super) type Exchange = Shared<BoxFuture<'static, Answer>>;

/// The requests under way.
#[derive(Clone, Debug, Default)]
pub(super) struct UnderWay {
    list: Arc<Mutex<List>>,
}

#[derive(Debug, Default)]
struct List {
    exchanges: HashMap<Key, (u64, WeakShared<BoxFuture<'static, Answer>>)>,
    /// Tells the exchanges of one key apart.
    last: u64,
}

impl UnderWay {
    /// The equal request under way, or else `exchange`.
    pub(super) fn share(&self, key: Key, exchange: impl FnOnce() -> BoxFuture<'static, Answer>) -> Exchange {
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) = list.exchanges.get(&key).and_then(|(_, shared)| shared.upgrade()) {
            return shared;
        }
        list.last += 1;
        let exchange = exchange();
        // The end is in the future from the beginning, so that it comes whether or not the future is ever driven.
        let end = End { under_way: self.clone(), key: key.clone(), number: list.last };
        let shared = async move {
            let _end = end;
            exchange.await
        }
        .boxed()
        .shared();
        if let Some(weak) = shared.downgrade() {
            let number = list.last;
            list.exchanges.insert(key, (number, weak));
        }
        shared
    }

    /// How many there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.list.lock().unwrap_or_else(PoisonError::into_inner).exchanges.len()
    }
}

/// Takes an exchange off the list when it is done or given up.
struct End {
    under_way: UnderWay,
    key: Key,
    number: u64,
}

impl Drop for End {
    fn drop(&mut self) {
        let mut list = self.under_way.list.lock().unwrap_or_else(PoisonError::into_inner);
        // Another of the key may have begun meanwhile.
        if list.exchanges.get(&self.key).is_some_and(|(number, _)| *number == self.number) {
            list.exchanges.remove(&self.key);
        }
    }
}
