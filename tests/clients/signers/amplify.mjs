// Requests of Amplify's GraphQL client in the mode `iam`, with a custom provider of credentials. Input and output as botocore.py's,
// and what the client gave or threw: `data`, and the types of `errors`.
import { readFileSync } from 'node:fs';
import { Amplify } from 'aws-amplify';
import { generateClient } from 'aws-amplify/api';

const task = JSON.parse(readFileSync(0, 'utf8'));

// Only looked at: what the client sends and gets passes as it is.
let seen;
const send = globalThis.fetch;
globalThis.fetch = async (...given) => {
  const answer = await send(...given);
  seen = { status: answer.status, error_type: answer.headers.get('x-amzn-errortype'), body: await answer.clone().text() };
  return answer;
};

const answers = [];
for (const asked of task.requests) {
  const credentials = { accessKeyId: asked.access_key_id, secretAccessKey: asked.secret_access_key };
  if (asked.session_token !== null) credentials.sessionToken = asked.session_token;
  Amplify.configure(
    { API: { GraphQL: { endpoint: task.url, region: asked.region, defaultAuthMode: 'iam' } } },
    {
      Auth: {
        credentialsProvider: { getCredentialsAndIdentityId: async () => ({ credentials }), clearCredentialsAndIdentityId() {} },
      },
    },
  );
  seen = undefined;
  const { query, variables } = JSON.parse(asked.body);
  const client = generateClient();
  const { data, errors } = await client.graphql({ query, variables }).catch((thrown) => thrown);
  if (seen === undefined) throw new Error('nothing was sent');
  // A refusal of the whole request is an error that the client makes of the answer's header.
  answers.push({ ...seen, data, error_types: errors?.map((error) => error.errorType ?? error.originalError?.name) });
}
console.log(JSON.stringify(answers));
