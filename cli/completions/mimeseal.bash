# SPDX-License-Identifier: MIT
# bash completion for mimeseal
_mimeseal() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]} options
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W "compose seal send open inspect keys probe ses vectors --help --version" -- "$current"))
    return
  fi
  local draft="--from --sender --reply-to --to --cc --bcc --subject --header --text --text-file --html --html-file --attach --inline --date --message-id --in-reply-to --message --eml"
  local sealing="--sign --encrypt --signature --cipher --digest --rsa-signature --key-transport --oaep-sha1 --profile --protect-headers --no-legacy-display --compat-protected-headers --attach-key --autocrypt --compress --triple-wrap --nested --legacy-types --no-encrypt-to-self --hidden-recipients --symmetric"
  local keys="--protocol --identity --passphrase-file --passphrase-fd --recipient-key --gnupg-home --trust --trust-model --locate --locate-ca --crl --allow-legacy"
  local sending="--via --raw --unsealed --envelope-from --rcpt --require-tls --dsn --envid --tag --partial --retry-unknown --dry-run --save-sent"
  local connection="--user --password-file --password-fd --token-file --auth --ca-file --client-cert --tls-min --tls-pin --proxy --proxy-user --proxy-password-file --aws-profile --hello --timeout"
  local opening="--require --require-signer --extract --allow-unauthenticated --inline-pgp --fetch-revocation --import-keys"
  local time="--at"
  local output="--output"
  local vectors="--filter --jobs --junit --tool --tool-timeout"
  local ses="--region --endpoint --api --fips --metadata --data-key --allow-cbc"
  local common="--json --config --no-config --account --verbose --help"
  case $command in
    compose) options="$draft $keys $output $common" ;;
    seal) options="$draft $sealing $keys $output $common" ;;
    send) options="$draft $sealing $keys $sending $connection $common" ;;
    open) options="$keys $time $opening $output $common" ;;
    inspect) options="$common" ;;
    keys) options="$keys $time $common" ;;
    probe) options="$connection $time $common" ;;
    ses) options="$connection $ses $output $common" ;;
    vectors) options="$vectors $common" ;;
    *) return ;;
  esac
  case $previous in
    --signature) COMPREPLY=($(compgen -W "detached opaque" -- "$current")); return ;;
    --cipher) COMPREPLY=($(compgen -W "aes-128-gcm aes-192-gcm aes-256-gcm aes-128-cbc aes-192-cbc aes-256-cbc" -- "$current")); return ;;
    --digest) COMPREPLY=($(compgen -W "sha256 sha384 sha512" -- "$current")); return ;;
    --rsa-signature) COMPREPLY=($(compgen -W "pss pkcs1" -- "$current")); return ;;
    --key-transport) COMPREPLY=($(compgen -W "oaep pkcs1" -- "$current")); return ;;
    --profile) COMPREPLY=($(compgen -W "default compat bdew fips" -- "$current")); return ;;
    --protect-headers) COMPREPLY=($(compgen -W "baseline shy no-confidentiality off" -- "$current")); return ;;
    --protocol) COMPREPLY=($(compgen -W "smime pgp" -- "$current")); return ;;
    --trust-model) COMPREPLY=($(compgen -W "validity always" -- "$current")); return ;;
    --locate) COMPREPLY=($(compgen -W "wkd" -- "$current")); return ;;
    --dsn) COMPREPLY=($(compgen -W "never success failure delay" -- "$current")); return ;;
    --auth) COMPREPLY=($(compgen -W "PLAIN LOGIN CRAM-MD5 XOAUTH2 OAUTHBEARER SCRAM-SHA-256" -- "$current")); return ;;
    --tls-min) COMPREPLY=($(compgen -W "1.2 1.3" -- "$current")); return ;;
    --require) COMPREPLY=($(compgen -W "signed encrypted authenticated" -- "$current")); return ;;
    --api) COMPREPLY=($(compgen -W "v1 v2" -- "$current")); return ;;
    --extract | --gnupg-home) COMPREPLY=($(compgen -d -- "$current")); return ;;
    --attach | --ca-file | --client-cert | --config | --crl | --data-key | --eml | --html-file | --identity | --in-reply-to | \
      --inline | --junit | --locate-ca | --message | --metadata | --output | --passphrase-file | --password-file | \
      --proxy-password-file | --raw | --recipient-key | --save-sent | --text-file | --token-file | --trust | -o) COMPREPLY=($(compgen -f -- "$current")); return ;;
    --account | --at | --aws-profile | --bcc | --cc | --date | --endpoint | --envelope-from | --envid | --filter | --from | \
      --header | --hello | --html | --jobs | --message-id | --passphrase-fd | --password-fd | --proxy | --proxy-user | --rcpt | \
      --region | --reply-to | --require-signer | --sender | --subject | --tag | --text | --timeout | --tls-pin | --to | --tool | \
      --tool-timeout | --user | --via) return ;;
  esac
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$current"))
    return
  fi
  case $command in
    keys) ((COMP_CWORD == 2)) && COMPREPLY=($(compgen -W "list show check import" -- "$current")) || COMPREPLY=($(compgen -f -- "$current")) ;;
    ses) ((COMP_CWORD == 2)) && COMPREPLY=($(compgen -W "quota tls-policy smtp-password fetch" -- "$current")) || COMPREPLY=($(compgen -f -- "$current")) ;;
    probe) COMPREPLY=($(compgen -W "smtp:// smtps:// https:// ses://" -- "$current")) ;;
    *) COMPREPLY=($(compgen -f -- "$current")) ;;
  esac
}
complete -o filenames -F _mimeseal mimeseal
