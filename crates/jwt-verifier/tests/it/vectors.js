// Makes vectors.json with OpenSSL's signatures (Node's crypto), an implementation that shares nothing with the one under test:
// node vectors.js > vectors.json
'use strict';
const crypto = require('node:crypto');

const encode = (part) => (Buffer.isBuffer(part) ? part : Buffer.from(JSON.stringify(part))).toString('base64url');
const pss = (hash) => ({ padding: crypto.constants.RSA_PKCS1_PSS_PADDING, saltLength: { sha256: 32, sha384: 48, sha512: 64 }[hash] });
const rsa = (bits) => crypto.generateKeyPairSync('rsa', { modulusLength: bits });
const ec = (namedCurve) => crypto.generateKeyPairSync('ec', { namedCurve });

const keys = { rsa2048: rsa(2048), rsa3072: rsa(3072), p256: ec('P-256'), p384: ec('P-384'), p521: ec('P-521'), ed: crypto.generateKeyPairSync('ed25519') };
const ways = [
  ['RS256', 'rsa2048', 'sha256', {}], ['RS384', 'rsa2048', 'sha384', {}], ['RS512', 'rsa3072', 'sha512', {}],
  ['PS256', 'rsa2048', 'sha256', pss('sha256')], ['PS384', 'rsa2048', 'sha384', pss('sha384')], ['PS512', 'rsa3072', 'sha512', pss('sha512')],
  ['ES256', 'p256', 'sha256', { dsaEncoding: 'ieee-p1363' }], ['ES384', 'p384', 'sha384', { dsaEncoding: 'ieee-p1363' }],
  ['ES512', 'p521', 'sha512', { dsaEncoding: 'ieee-p1363' }], ['EdDSA', 'ed', null, {}],
];
const vectors = {
  keys: Object.entries(keys).map(([kid, { publicKey }]) => ({ ...publicKey.export({ format: 'jwk' }), kid })),
  tokens: ways.map(([alg, kid, hash, options]) => {
    const text = `${encode({ alg, kid, typ: 'JWT' })}.${encode({ iss: 'https://issuer.example', sub: `by ${alg}`, iat: 1800000000, exp: 1800003600 })}`;
    return { alg, token: `${text}.${encode(crypto.sign(hash, Buffer.from(text), { key: keys[kid].privateKey, ...options }))}` };
  }),
};
process.stdout.write(`${JSON.stringify(vectors, null, 1)}\n`);
