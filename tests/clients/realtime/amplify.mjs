// Amplify's GraphQL client, unchanged, with subscriptions in every mode that it has. What it can be told: see console.mjs.
//
//   configure    {url, region, apiKey, credentials: {accessKeyId, secretAccessKey}, pool: {id, client, endpoint, username, password}}
//                with `pool` it signs in there; without, the credentials are what `iam` signs with
//   subscribe    {name, query, variables, mode, authToken, headers}
//   unsubscribe  {name}
//   ask          {name, query, variables, mode}
import { listen, observer, tell, words } from './console.mjs';
import { Amplify } from 'aws-amplify';
import { generateClient } from 'aws-amplify/api';
import { signIn } from 'aws-amplify/auth';
import { Hub } from 'aws-amplify/utils';

Hub.listen('api', ({ payload }) => {
  if (payload.data?.connectionState !== undefined) tell('state', { state: payload.data.connectionState });
});

const subscriptions = new Map();
let client;

await listen({
  async configure({ url, region, apiKey, credentials, pool }) {
    const GraphQL = { endpoint: url, region, apiKey, defaultAuthMode: 'apiKey' };
    if (pool === undefined) {
      const credentialsProvider = { getCredentialsAndIdentityId: async () => ({ credentials }), clearCredentialsAndIdentityId() {} };
      Amplify.configure({ API: { GraphQL } }, { Auth: { credentialsProvider } });
    } else {
      const Cognito = { userPoolId: pool.id, userPoolClientId: pool.client, userPoolEndpoint: pool.endpoint };
      Amplify.configure({ API: { GraphQL }, Auth: { Cognito } });
      await signIn({ username: pool.username, password: pool.password });
    }
    client = generateClient();
    tell('configured');
  },
  subscribe({ name, query, variables, mode, authToken, headers }) {
    const subscription = client.graphql({ query, variables, authMode: mode, authToken }, headers);
    subscriptions.set(name, subscription.subscribe(observer(name)));
  },
  unsubscribe({ name }) {
    subscriptions.get(name).unsubscribe();
    subscriptions.delete(name);
  },
  async ask({ name, query, variables, mode }) {
    const { data, errors } = await client.graphql({ query, variables, authMode: mode }).catch((thrown) => thrown);
    tell('answer', { name, data, ...(errors && { message: words({ errors }) }) });
  },
});
