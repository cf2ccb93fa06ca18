// Amplify's GraphQL client in every mode that it has, against one API. Standard input: {"url", "region", "api_key", "credentials":
// {"accessKeyId", "secretAccessKey"}, "pool_token", "oidc_token", "custom_token", "query"}. Prints an object with what each mode gave
// or threw: {"data", "error_types"}.
import { readFileSync } from 'node:fs';
import { Amplify } from 'aws-amplify';
import { generateClient } from 'aws-amplify/api';
import { decodeJWT } from 'aws-amplify/auth';

const task = JSON.parse(readFileSync(0, 'utf8'));
const configure = (token) =>
  Amplify.configure(
    { API: { GraphQL: { endpoint: task.url, region: task.region, defaultAuthMode: 'apiKey', apiKey: task.api_key } } },
    {
      Auth: {
        tokenProvider: { getTokens: async () => (token === undefined ? null : { accessToken: decodeJWT(token) }) },
        credentialsProvider: {
          getCredentialsAndIdentityId: async () => ({ credentials: task.credentials }),
          clearCredentialsAndIdentityId() {},
        },
      },
    },
  );

const answers = {};
for (const [name, authMode, token, more] of [
  ['apiKey', 'apiKey'],
  ['iam', 'iam'],
  ['userPool', 'userPool', task.pool_token],
  ['oidc', 'oidc', task.oidc_token],
  ['lambda', 'lambda', undefined, { authToken: task.custom_token }],
  ['wrong apiKey', 'apiKey', undefined, { apiKey: `${task.api_key}x` }],
  ['wrong oidc', 'oidc', `${task.oidc_token.slice(0, -8)}AAAAAAAA`],
  ['wrong lambda', 'lambda', undefined, { authToken: 'nobody' }],
]) {
  configure(token);
  const { data, errors } = await generateClient().graphql({ query: task.query, authMode, ...more }).catch((thrown) => thrown);
  answers[name] = { data, error_types: errors?.map((error) => error.errorType ?? error.originalError?.name ?? error.message) };
}
console.log(JSON.stringify(answers));
