// Verifies an envelope of a package with @sigstore/verify under the P-256 key of the package:
//     node verify_package.cjs DIRECTORY      (NODE_PATH names the modules)
const fs = require('fs');
const path = require('path');
const { bundleFromJSON } = require('@sigstore/bundle');
const { Verifier, toSignedEntity, toTrustMaterial } = require('@sigstore/verify');

const directory = process.argv[2];
const read = (name) => fs.readFileSync(path.join(directory, name), 'utf8');
const pem = read('keys/product.p256.pem');
const envelope = JSON.parse(read('statement.p256.dsse.json'));
const hint = envelope.signatures[0].keyid;
const bundle = bundleFromJSON({
  mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
  verificationMaterial: { publicKey: { hint }, tlogEntries: [] },
  dsseEnvelope: envelope,
});
const none = { certificateAuthorities: [], timestampAuthorities: [], tlogs: [], ctlogs: [] };
const trust = toTrustMaterial(none, { [hint]: { rawBytes: pem } });
const verifier = new Verifier(trust, { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 });
verifier.verify(toSignedEntity(bundle));
if (!Buffer.from(envelope.payload, 'base64').equals(fs.readFileSync(path.join(directory, 'statement.json')))) {
  throw new Error('another statement');
}
console.log('verified', hint);
