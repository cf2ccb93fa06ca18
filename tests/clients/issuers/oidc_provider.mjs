// oidc-provider, with one client that may have access tokens for itself (client_credentials). Arguments: the port, 0 for a free one.
//
// Its keys are new at every start. A token is asked for with `resource=urn:club:ALG`, where ALG is the algorithm it is signed with;
// `audience` is always `club-api`. Prints `ready URL`.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const kinds = {
  RS256: ['rsa', { modulusLength: 2048 }],
  RS512: ['rsa', { modulusLength: 2048 }],
  PS256: ['rsa', { modulusLength: 2048 }],
  ES256: ['ec', { namedCurve: 'P-256' }],
  ES384: ['ec', { namedCurve: 'P-384' }],
  EdDSA: ['ed25519', {}],
};
const keys = Object.entries(kinds).map(([alg, [type, options]]) => {
  const key = generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' });
  return { ...key, use: 'sig', alg, kid: `${alg}-${randomUUID()}` };
});

const server = createServer();
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    jwks: { keys },
    clients: [
      {
        client_id: 'club-robot',
        client_secret: 'the-robots-own-secret',
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
      },
    ],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context, resource) => ({
          scope: 'read write',
          audience: 'club-api',
          accessTokenFormat: 'jwt',
          accessTokenTTL: 600,
          jwt: { sign: { alg: resource.split(':').at(-1) } },
        }),
      },
    },
  });
  server.on('request', provider.callback());
  console.log(`ready ${issuer}`);
});
