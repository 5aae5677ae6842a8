//! `VERIFY.md`: how to check a package with nothing but coreutils, sed and openssl. A test extracts these very commands
//! and runs them.

use crate::contents::release_name;
use crate::facts::Facts;

const TEXT: &str = r#"# 核验 / Verification

本产品包由日志 `@ORIGIN@` 的数据域交付给“@RECIPIENT@”。 / This package was delivered by the domain of the log `@ORIGIN@` to "@RECIPIENT@".

## 用 tidegate / With tidegate

须另行取得日志公钥，不可用产品包自带的。 / Take the log's key from elsewhere, never from the package.

    tidegate product verify . --key 'LOG_VKEY' --recipient '@RECIPIENT@'

加 `--log DIR`（日志副本）可查登记是否已注销或撤销；加 `--witness VKEY --quorum N` 可要求见证。 / `--log DIR` (a copy of the log) tells whether the registration was withdrawn or revoked since; `--witness VKEY --quorum N` demands witnesses.

## 只用 openssl 与 coreutils / With nothing but openssl and coreutils

在产品包目录中依次执行；每条命令失败即核验失败。 / Run these in the directory of the package; if a command fails, so does the verification.

1. 从信封取出声明与签名 / take statement and signatures out of the envelopes:

```sh
work=$(mktemp -d)
for key in ed25519 p256; do
  sed -n 's/^{"payload":"\([^"]*\)".*/\1/p' statement.$key.dsse.json | base64 -d > "$work/$key.payload"
  sed -n 's/.*"sig":"\([^"]*\)".*/\1/p' statement.$key.dsse.json | base64 -d > "$work/$key.sig"
  cmp "$work/$key.payload" statement.json
done
```

2. 重建被签名的字节（DSSE PAE） / make the signed bytes again (DSSE PAE):

```sh
type=application/vnd.in-toto+json
{ printf 'DSSEv1 %d %s %d ' "${#type}" "$type" "$(wc -c < statement.json)"; cat statement.json; } > "$work/pae"
```

3. 验证两个签名 / verify both signatures:

```sh
openssl pkeyutl -verify -pubin -inkey keys/product.ed25519.pem -rawin -in "$work/pae" -sigfile "$work/ed25519.sig"
openssl dgst -sha256 -verify keys/product.p256.pem -signature "$work/p256.sig" "$work/pae"
```

4. 核对文件 / compare the files:

```sh
grep -q "\"name\":\"SHA256SUMS\",\"digest\":{\"sha256\":\"$(sha256sum < SHA256SUMS | cut -d ' ' -f 1)\"}" statement.json
sha256sum --quiet --strict -c SHA256SUMS
```

5. 核对日志公布的公钥就是所用公钥 / the keys are those that the log announces:

```sh
grep -q "\"ed25519\":\"$(openssl pkey -pubin -in keys/product.ed25519.pem -outform DER | tail -c 32 | base64 -w 0)\"" log/keys.entry
grep -q "\"p256\":\"$(openssl pkey -pubin -in keys/product.p256.pem -outform DER | tail -c 65 | base64 -w 0)\"" log/keys.entry
```

6. 核对发布结果、登记申请与交付就是日志所承诺的 / releases, application and delivery are what the log committed to:

```sh
opens() { { printf 'tidegate commitment v1\n'; cat "$1" "$2"; } | sha256sum | cut -d ' ' -f 1; }
for name in@RELEASES@ application; do
  grep -q "_commitment\":\"$(opens "log/$name.salt" "log/$name.json")\"" "log/$name.entry"
done
grep -q "\"package_commitment\":\"$(opens log/delivery.salt statement.json)\"" log/delivery.entry
rm -r "$work"
```

条目确在日志之中，由 `log/*.tlog-proof`（C2SP tlog-proof）证明；`tidegate` 或任何 C2SP 核验工具凭日志公钥即可检查。 / That the entries are in the log is proven by `log/*.tlog-proof` (C2SP tlog-proof); `tidegate` or any C2SP verifier checks them with the log's key.
"#;

/// The instructions of a package.
pub(crate) fn instructions(facts: &Facts) -> String {
    let releases: Vec<String> = facts.releases.iter().map(|release| format!(" {}", release_name(&release.run, release.round))).collect();
    // What people typed stands in quotes of shell and Markdown here.
    let recipient: String = facts.delivery.recipient.chars().filter(|c| !c.is_control() && !"'`\"".contains(*c)).collect();
    TEXT.replace("@RELEASES@", &releases.concat()).replace("@ORIGIN@", &facts.log.origin).replace("@RECIPIENT@", &recipient)
}
