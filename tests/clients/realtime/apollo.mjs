// Apollo Client with AWS's links for AppSync, unchanged. What it can be told: see console.mjs.
//
//   configure    {url, region, auth}     `auth` as the links take it: {type: 'API_KEY', apiKey}, {type: 'OPENID_CONNECT', jwtToken}, …
//   subscribe    {name, query, variables}
//   unsubscribe  {name}
//   ask          {name, query, variables}
import { listen, observer, tell, words } from './console.mjs';
import { createRequire } from 'node:module';

// As CommonJS modules: the links' ES modules find no SHA-256 in Node.js, only after a bundler ("Sha256 is not a constructor").
const require = createRequire(import.meta.url);
const { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } = require('@apollo/client');
const { createAuthLink } = require('aws-appsync-auth-link');
const { createSubscriptionHandshakeLink } = require('aws-appsync-subscription-link');

const subscriptions = new Map();
let client;

await listen({
  configure({ url, region, auth }) {
    // The link signs what comes to it, and HttpLink adds `extensions.clientLibrary` to that: no request that Apollo Client 4 signs with
    // its defaults has a signature that fits, for AWS neither.
    const asSigned = auth.type === 'AWS_IAM' && { enhancedClientAwareness: { transport: false } };
    client = new ApolloClient({
      link: ApolloLink.from([
        createAuthLink({ url, region, auth }),
        createSubscriptionHandshakeLink({ url, region, auth }, new HttpLink({ uri: url, ...asSigned })),
      ]),
      cache: new InMemoryCache(),
    });
    tell('configured');
  },
  subscribe({ name, query, variables }) {
    const options = { query: gql(query), variables, fetchPolicy: 'no-cache', errorPolicy: 'all' };
    subscriptions.set(name, client.subscribe(options).subscribe(observer(name)));
  },
  unsubscribe({ name }) {
    subscriptions.get(name).unsubscribe();
    subscriptions.delete(name);
  },
  async ask({ name, query, variables }) {
    const mutation = query.startsWith('mutation');
    const options = { variables, fetchPolicy: 'no-cache', errorPolicy: 'all' };
    const asked = mutation ? client.mutate({ mutation: gql(query), ...options }) : client.query({ query: gql(query), ...options });
    const { data, error } = await asked;
    tell('answer', { name, data, ...(error && { message: words(error) }) });
  },
});
