/** What keeps TLS from being spoken, by the codes of Node.js and OpenSSL: the reason as a sentence without its end. */
const reasons: readonly (readonly [RegExp, string])[] = [
  [/^CERT_HAS_EXPIRED$/, "its certificate has expired"],
  [/^CERT_NOT_YET_VALID$/, "its certificate is not valid yet. Is this machine's clock right?"],
  [/^CERT_REVOKED$/, "its certificate is revoked"],
  [
    /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    "its certificate is for another name than the one it is asked by",
  ],
  [
    /SELF_SIGNED_CERT|^UNABLE_TO_(?:VERIFY|GET_ISSUER)|^CERT_(?:SIGNATURE_FAILURE|UNTRUSTED)$/,
    "its certificate is not signed by an authority that is trusted here. Give the right one: `ca`, or ca.pem",
  ],
  [
    /CERTIFICATE_REQUIRED$/,
    "it wants a client certificate, and there is none. Give `cert` and `key`, or cert.pem and key.pem",
  ],
  [/ALERT_CERTIFICATE_EXPIRED$/, "it refuses the client certificate, which has expired"],
  [/ALERT_CERTIFICATE_REVOKED$/, "it refuses the client certificate, which is revoked"],
  [
    /ALERT_UNKNOWN_CA$/,
    "it refuses the client certificate, which is signed by an authority that it does not trust",
  ],
  [
    /ALERT_(?:BAD_CERTIFICATE|CERTIFICATE_UNKNOWN|UNSUPPORTED_CERTIFICATE|ACCESS_DENIED|DECRYPT_ERROR)$/,
    "it refuses the client certificate",
  ],
  [/^ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)$/, "it speaks no TLS on that port"],
  [/KEY_VALUES_MISMATCH$/, "certificate and key of the client do not belong together"],
  [
    /^ERR_OSSL_(?:PEM_|UNSUPPORTED|ASN1_|BAD_DECRYPT)|BAD_END_LINE|NO_START_LINE/,
    "`ca`, `cert` or `key` is no PEM text that can be used without a passphrase",
  ],
];

/** The reason of a failure of TLS; undefined where it is none. */
export function tlsReason(code: string, message: string): string | undefined {
  const name = code === "EPROTO" ? codeWithin(message) : code;
  return reasons.find(([pattern]) => pattern.test(name))?.[1];
}

/** Where a write fails Node.js gives OpenSSL's reason in words: "…:SSL routines:ssl3_get_record:wrong version number:…". */
function codeWithin(message: string): string {
  const [, reason = ""] = /:SSL routines:[^:]*:([^:]+):/.exec(message) ?? [];
  return `ERR_SSL_${reason.toUpperCase().replaceAll(" ", "_")}`;
}
