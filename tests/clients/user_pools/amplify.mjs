// Amplify, unchanged, on a user pool inside Syncgate and an API that accepts its tokens. Reads what to use as JSON from standard
// input, and writes what it got as JSON; the test knows what that must be.
import { readFileSync } from 'node:fs';
import { Amplify } from 'aws-amplify';
import {
  confirmSignUp,
  fetchAuthSession,
  fetchUserAttributes,
  getCurrentUser,
  signIn,
  signOut,
  signUp,
  updatePassword,
  updateUserAttributes,
} from 'aws-amplify/auth';
import { generateClient } from 'aws-amplify/api';

const given = JSON.parse(readFileSync(0, 'utf8'));
Amplify.configure({
  Auth: {
    Cognito: { userPoolId: given.pool, userPoolClientId: given.client, userPoolEndpoint: given.endpoint },
  },
  API: { GraphQL: { endpoint: given.graphql, region: 'eu-west-1', defaultAuthMode: 'userPool' } },
});
const client = generateClient({ authMode: 'userPool' });
const query = async (query) => {
  const { data, errors } = await client.graphql({ query }).catch((thrown) => thrown);
  return { data, errors: errors?.map((error) => error.errorType ?? error.originalError?.name ?? error.name) };
};
const name = (promise) => promise.then(() => 'no error', (error) => error.name);
const results = {};

results.signUp = await signUp({
  username: 'dora',
  password: given.password,
  options: { userAttributes: { email: 'dora@example.com' } },
});
delete results.signUp.userId;
results.again = await name(signUp({ username: 'dora', password: given.password, options: { userAttributes: {} } }));
results.weak = await name(signUp({ username: 'eve', password: 'weak', options: { userAttributes: {} } }));

results.sessions = {};
for (const authFlowType of ['USER_SRP_AUTH', 'USER_PASSWORD_AUTH']) {
  const session = {};
  session.wrong = await name(signIn({ username: 'ann', password: 'Wrong-horse-1', options: { authFlowType } }));
  session.unknown = await name(signIn({ username: 'nobody', password: given.password, options: { authFlowType } }));
  session.signIn = await signIn({ username: 'ann', password: given.password, options: { authFlowType } });
  const { tokens, userSub } = await fetchAuthSession();
  session.groups = tokens.accessToken.payload['cognito:groups'];
  session.user = (await getCurrentUser()).username;
  session.isSub = tokens.idToken.payload.sub === userSub;
  session.attributes = await fetchUserAttributes();
  delete session.attributes.sub;
  session.minutes = await query('{ minutes }');
  session.identity = JSON.parse((await query('{ identity }')).data.identity);
  session.claims = tokens.accessToken.payload;
  const refreshed = await fetchAuthSession({ forceRefresh: true });
  session.refreshed = refreshed.tokens.accessToken.toString() !== tokens.accessToken.toString();
  session.minutesAfterRefresh = await query('{ minutes }');
  await signOut({ global: true });
  session.signedOut = (await fetchAuthSession()).tokens === undefined;
  session.minutesSignedOut = await query('{ minutes }');
  results.sessions[authFlowType] = session;
}

// Dora belongs to no group.
await signIn({ username: 'dora', password: given.password });
results.noGroup = await query('{ minutes }');
results.update = await updateUserAttributes({ userAttributes: { nickname: 'Do' } });
await updatePassword({ oldPassword: given.password, newPassword: 'Another-horse-2' });
await signOut();
results.oldPassword = await name(signIn({ username: 'dora', password: given.password }));
results.newPassword = (await signIn({ username: 'dora', password: 'Another-horse-2' })).isSignedIn;
results.nickname = (await fetchUserAttributes()).nickname;
await signOut();

// The other pool asks for a code, which the mailbox of the development server has.
Amplify.configure({
  Auth: { Cognito: { userPoolId: given.codes.pool, userPoolClientId: given.codes.client, userPoolEndpoint: given.endpoint } },
});
const pending = await signUp({
  username: 'finn',
  password: given.password,
  options: { userAttributes: { email: 'finn@example.com' } },
});
results.pending = pending.nextStep;
results.unconfirmed = (await signIn({ username: 'finn', password: given.password })).nextStep.signInStep;
const messages = await (await fetch(`${given.endpoint}/${given.codes.pool}/messages`)).json();
results.confirmed = (await confirmSignUp({ username: 'finn', confirmationCode: messages.at(-1).code })).isSignUpComplete;
results.finn = (await signIn({ username: 'finn', password: given.password })).isSignedIn;
console.log(JSON.stringify(results));
