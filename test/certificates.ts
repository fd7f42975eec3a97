/** Creates new certificates for each run of the tests. */
import { generate } from 'selfsigned';

export interface MadeCertificate {
  /** In PEM format. */
  readonly certificate: string;
  readonly privateKey: string;
}

/** A self-signed server certificate. */
export async function selfSigned(host: { readonly ip: string } | { readonly dns: string }): Promise<MadeCertificate> {
  const altNames = 'ip' in host ? [{ type: 7 as const, ip: host.ip }] : [{ type: 2 as const, value: host.dns }];
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'A private CA' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [{ name: 'basicConstraints', cA: true }, { name: 'subjectAltName', altNames }],
  });
  return { certificate: cert, privateKey: key };
}
