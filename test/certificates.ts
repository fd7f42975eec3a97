/** Certificates that tests trust or refuse, made anew each time. */
import { generate } from 'selfsigned';

export interface MadeCertificate {
  /** As PEM. */
  readonly certificate: string;
  readonly privateKey: string;
}

/** A certificate of a server, which is its own CA. */
export async function selfSigned(host: { readonly ip: string } | { readonly dns: string }): Promise<MadeCertificate> {
  const altNames = 'ip' in host ? [{ type: 7 as const, ip: host.ip }] : [{ type: 2 as const, value: host.dns }];
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'A private CA' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [{ name: 'basicConstraints', cA: true }, { name: 'subjectAltName', altNames }],
  });
  return { certificate: cert, privateKey: key };
}
