// aws-appsync, the AWS AppSync JavaScript SDK before Amplify took its place, unchanged: version 4 subscribes over AppSync's WebSocket
// with credentials in the query string, version 2 over MQTT. What it can be told: see console.mjs.
//
//   configure    {version, url, region, auth}     `auth` as the SDK takes it: {type: 'API_KEY', apiKey}, {type: 'AWS_IAM', credentials}, …
//   subscribe    {name, query, variables}
//   unsubscribe  {name}
//   ask          {name, query, variables}
import { listen, observer, tell, words } from './console.mjs';
import gql from 'graphql-tag';
import { createRequire } from 'node:module';

const subscriptions = new Map();
let client;

await listen({
  async configure({ version, ...options }) {
    // The name under which package.json has this version.
    const { AWSAppSyncClient } = createRequire(import.meta.url)(`aws-appsync-${version}`);
    client = new AWSAppSyncClient({ ...options, disableOffline: true });
    await client.hydrated();
    tell('configured');
  },
  subscribe({ name, query, variables }) {
    subscriptions.set(name, client.subscribe({ query: gql(query), variables }).subscribe(observer(name)));
  },
  unsubscribe({ name }) {
    subscriptions.get(name).unsubscribe();
    subscriptions.delete(name);
  },
  async ask({ name, query, variables }) {
    const mutation = query.startsWith('mutation');
    const options = { variables, fetchPolicy: 'no-cache' };
    const asked = mutation ? client.mutate({ mutation: gql(query), ...options }) : client.query({ query: gql(query), ...options });
    const { data, errors, message } = await asked.catch((thrown) => ({ message: words(thrown) }));
    tell('answer', { name, data, ...((errors ?? message) && { message: message ?? words({ errors }) }) });
  },
});
