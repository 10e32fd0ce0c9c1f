// SPDX-License-Identifier: MIT
#include "options.h"

#include <algorithm>
#include <array>
#include <boost/program_options.hpp>
#include <cstdlib>
#include <map>
#include <set>
#include <sstream>

#include "mimeseal/core/error.h"
#include "mimeseal/core/source.h"
#include "mimeseal/core/text.h"

namespace mimeseal::cli {
namespace {

namespace po = boost::program_options;

/// The options that a configuration file may not hold: each is a decision about one message.
bool is_forbidden_in_config(std::string_view name) {
  static constexpr std::array<std::string_view, 3> kForbidden = {"unsealed", "partial", "retry-unknown"};
  return name.starts_with("allow-") || std::find(kForbidden.begin(), kForbidden.end(), name) != kForbidden.end();
}

template <class T>
po::typed_value<T>* one(T* to, const char* name) {
  return po::value<T>(to)->value_name(name);
}

po::typed_value<std::string>* optional_text(std::optional<std::string>& to, const char* name) {
  return po::value<std::string>()->value_name(name)->notifier([&to](const std::string& value) { to = value; });
}

po::typed_value<int>* optional_number(std::optional<int>& to, const char* name) {
  return po::value<int>()->value_name(name)->notifier([&to](int value) { to = value; });
}

po::typed_value<std::vector<std::string>>* many(std::vector<std::string>* to, const char* name) {
  return po::value<std::vector<std::string>>(to)->value_name(name);
}

void describe_draft(po::options_description& all, Options& o) {
  po::options_description group("Draft");
  group.add_options()                                                                                 //
      ("from", many(&o.from, "MAILBOX"), "who writes")                                                //
      ("sender", one(&o.sender, "MAILBOX"), "who sends, when several write")                          //
      ("reply-to", many(&o.reply_to, "MAILBOX"), "where answers go")                                  //
      ("to", many(&o.to, "MAILBOX"), "recipient (repeatable)")                                        //
      ("cc", many(&o.cc, "MAILBOX"), "recipient of a copy (repeatable)")                              //
      ("bcc", many(&o.bcc, "MAILBOX"), "recipient whom nobody else sees (repeatable)")                //
      ("subject", optional_text(o.subject, "TEXT"), "the subject")                                    //
      ("header", many(&o.headers, "'NAME: VALUE'"), "a further header field (repeatable)")            //
      ("text", optional_text(o.text, "TEXT"), "the text")                                             //
      ("text-file", optional_text(o.text_file, "FILE"), "the text, from a file")                      //
      ("html", optional_text(o.html, "TEXT"), "the text as HTML")                                     //
      ("html-file", optional_text(o.html_file, "FILE"), "the text as HTML, from a file")              //
      ("attach", many(&o.attach, "FILE"), "a file to go along (repeatable)")                          //
      ("inline", many(&o.inlines, "CID=FILE"), "a file that the HTML shows by cid:CID (repeatable)")  //
      ("date", one(&o.date, "TIME"), "the Date field; now, unless given")                             //
      ("message-id", one(&o.message_id, "ID"), "the Message-ID; made, unless given")                  //
      ("in-reply-to", one(&o.in_reply_to, "FILE"),
       "the message that this one answers; it is opened with the same keys")             //
      ("message", one(&o.message, "DRAFT.json"), "the draft as JSON (schemas/message)")  //
      ("eml", one(&o.eml, "FILE"), "an existing message, sealed as it is; its Bcc moves to the envelope");
  all.add(group);
}

void describe_sealing(po::options_description& all, Options& o) {
  po::options_description group("Sealing");
  group.add_options()                                                                                                 //
      ("sign", po::bool_switch(&o.sign), "sign")                                                                      //
      ("encrypt", po::bool_switch(&o.encrypt), "encrypt; with --sign: signed, then encrypted")                        //
      ("signature", one(&o.signature, "detached|opaque"), "S/MIME: the form of the signature")                        //
      ("cipher", one(&o.cipher, "aes-{128,192,256}-{gcm,cbc}"), "S/MIME: the content's cipher")                       //
      ("digest", one(&o.digest, "sha256|sha384|sha512"), "S/MIME: the digest that is signed")                         //
      ("rsa-signature", one(&o.rsa_signature, "pss|pkcs1"), "S/MIME: how RSA signs")                                  //
      ("key-transport", one(&o.key_transport, "oaep|pkcs1"), "S/MIME: how RSA carries the content's key")             //
      ("oaep-sha1", po::bool_switch(&o.oaep_sha1), "S/MIME: OAEP with SHA-1, for readers that know no other")         //
      ("profile", one(&o.profile, "default|compat|bdew|fips"), "a named set of these; a single option overrides it")  //
      ("protect-headers", one(&o.protect_headers, "baseline|shy|no-confidentiality|off"),
       "header protection (RFC 9788); baseline by default: an encrypted message hides its Subject")                  //
      ("no-legacy-display", po::bool_switch(&o.no_legacy_display), "without the display element for older readers")  //
      ("compat-protected-headers", po::bool_switch(&o.compat_protected_headers),
       "protected-headers=\"v1\" too, for readers of today")                                                    //
      ("attach-key", po::bool_switch(&o.attach_key), "attach one's own OpenPGP key")                            //
      ("autocrypt", po::bool_switch(&o.autocrypt), "write the Autocrypt header")                                //
      ("compress", po::bool_switch(&o.compress), "S/MIME: compressed-data inside")                              //
      ("triple-wrap", po::bool_switch(&o.triple_wrap), "S/MIME: signed, encrypted, and signed again")           //
      ("nested", po::bool_switch(&o.nested), "OpenPGP: signed, then encrypted in two layers (RFC 3156, 6.1)")   //
      ("legacy-types", po::bool_switch(&o.legacy_types), "write application/x-pkcs7-*")                         //
      ("no-encrypt-to-self", po::bool_switch(&o.no_encrypt_to_self), "the sender cannot read what was sent")    //
      ("hidden-recipients", po::bool_switch(&o.hidden_recipients), "OpenPGP: without the recipients' key ids")  //
      ("symmetric", po::bool_switch(&o.symmetric),
       "OpenPGP: encrypt with the passphrase, for recipients without a key");
  all.add(group);
}

void describe_keys(po::options_description& all, Options& o) {
  po::options_description group("Keys");
  group.add_options()                                                                                 //
      ("protocol", one(&o.protocol, "smime|pgp"), "by default what the given identity and keys are")  //
      ("identity", many(&o.identity, "WHO"),
       "one's own keys: a .p12/.pfx/.pem file, a pkcs11: URI, an OpenPGP key file, a fingerprint or an address in the "
       "keyring")  //
      ("passphrase-file", many(&o.passphrase_file, "FILE"),
       "its passphrase: the file's first line; given once, or once for each identity in their order")  //
      ("passphrase-fd", optional_number(o.passphrase_fd, "N"), "likewise from a descriptor")           //
      ("recipient-key", many(&o.recipient_key, "FILE|DIR|FINGERPRINT"),
       "certificates, OpenPGP keys or signed messages, matched by address; or an OpenPGP key of the keyring")       //
      ("gnupg-home", one(&o.gnupg_home, "DIR"), "the keyring to use")                                               //
      ("trust", many(&o.trust, "FILE|DIR|system"), "CA certificates, or OpenPGP keys believed for their user ids")  //
      ("trust-model", one(&o.trust_model, "validity|always"), "OpenPGP: which keys of the keyring are believed")    //
      ("locate", one(&o.locate, "wkd"), "OpenPGP: ask the recipient's domain for a key that is missing")            //
      ("locate-ca", one(&o.locate_ca, "FILE"), "CA certificates to believe for that instead of the system's")       //
      ("crl", many(&o.crl, "FILE"), "revocation lists")                                                             //
      ("allow-legacy", po::bool_switch(&o.allow_legacy), "messages in 3DES, RC2, DES and the like may be read");
  all.add(group);
}

void describe_sending(po::options_description& all, Options& o) {
  po::options_description group("Sending");
  group.add_options()  //
      ("via", one(&o.via, "URL"),
       "smtp://HOST[:587], smtps://HOST[:465], ses://REGION[?…], file:PATH, maildir:PATH, exec:PROGRAM")           //
      ("raw", one(&o.raw, "FILE"), "submit these bytes as they are")                                               //
      ("unsealed", po::bool_switch(&o.unsealed), "allow a message that is neither signed nor encrypted")           //
      ("envelope-from", one(&o.envelope_from, "ADDRESS"), "the reverse-path; by default Sender or From")           //
      ("rcpt", many(&o.rcpt, "ADDRESS"), "envelope recipients instead of To, Cc and Bcc (repeatable)")             //
      ("require-tls", po::bool_switch(&o.require_tls), "TLS on the whole way (RFC 8689), or not at all")           //
      ("dsn", one(&o.dsn, "never|success,failure,delay[,full|hdrs]"), "delivery status notifications (RFC 3461)")  //
      ("envid", one(&o.envid, "TEXT"), "the envelope's id in such notifications")                                  //
      ("tag", many(&o.tag, "NAME=VALUE"), "SES message tag (repeatable)")                                          //
      ("partial", po::bool_switch(&o.partial), "go on when some recipients are refused")                           //
      ("retry-unknown", po::bool_switch(&o.retry_unknown), "repeat what may have been accepted")                   //
      ("dry-run", po::bool_switch(&o.dry_run), "do all but submit")                                                //
      ("save-sent", one(&o.save_sent, "FILE|maildir:PATH"), "keep a copy of what was sent");
  all.add(group);
}

void describe_network(po::options_description& all, Options& o) {
  po::options_description group("Connection");
  group.add_options()                                                                                               //
      ("user", one(&o.user, "NAME"), "sign in as")                                                                  //
      ("password-file", one(&o.password_file, "FILE"), "the password: the file's first line")                       //
      ("password-fd", optional_number(o.password_fd, "N"), "likewise from a descriptor")                            //
      ("token-file", one(&o.token_file, "FILE"), "an OAuth token")                                                  //
      ("auth", one(&o.auth, "MECHANISM"), "the SASL mechanism; by default the best one offered")                    //
      ("ca-file", one(&o.ca_file, "FILE"), "CA certificates to believe instead of the system's")                    //
      ("client-cert", one(&o.client_cert, "FILE"), "client certificate and key (PEM)")                              //
      ("tls-min", one(&o.tls_min, "1.2|1.3"), "the oldest TLS version that will do")                                //
      ("tls-pin", one(&o.tls_pin, "SHA256"), "the server's certificate, by its SHA-256")                            //
      ("proxy", one(&o.proxy, "URL"), "http://HOST:PORT, socks5://HOST:PORT or socks5h://HOST:PORT to go through")  //
      ("proxy-user", one(&o.proxy_user, "NAME"), "sign in at the proxy as")                                         //
      ("proxy-password-file", one(&o.proxy_password_file, "FILE"), "the proxy's password: the file's first line")   //
      ("aws-profile", one(&o.aws_profile, "NAME"), "SES: the profile of ~/.aws to use, instead of AWS_PROFILE")     //
      ("hello", one(&o.hello, "NAME"), "the name said in EHLO")                                                     //
      ("timeout", one(&o.timeout, "SECONDS"), "how long to wait in each phase");
  all.add(group);
}

void describe_opening(po::options_description& all, Options& o) {
  po::options_description group("Opening");
  group.add_options()                                                                                         //
      ("require", many(&o.require, "signed,encrypted,authenticated"), "exit 1 unless all of these hold")      //
      ("require-signer", many(&o.require_signer, "ADDRESS|FINGERPRINT"), "exit 1 unless this one signed it")  //
      ("extract", one(&o.extract, "DIR"), "write the parts into a folder")                                    //
      ("allow-unauthenticated", po::bool_switch(&o.allow_unauthenticated),
       "release content that nothing proves to be intact")                                    //
      ("inline-pgp", po::bool_switch(&o.inline_pgp), "decrypt PGP armour inside text parts")  //
      ("fetch-revocation", po::bool_switch(&o.fetch_revocation),
       "S/MIME: ask the CAs' servers (OCSP, CRL) whether the certificates of a signer whom --trust vouches for are "
       "revoked; they, and who watches the line, learn that this message is read. What they leave open is not good")  //
      ("import-keys", po::bool_switch(&o.import_keys),
       "import attached OpenPGP keys (application/pgp-keys) into the keyring; it believes them no more for that");
  all.add(group);
}

void describe_rest(po::options_description& all, Options& o, unsigned groups) {
  if ((groups & kTime) != 0) {
    po::options_description group("Time");
    group.add_options()("at", one(&o.at, "TIME"), "judge as of this time (RFC 3339); now, unless given");
    all.add(group);
  }
  if ((groups & kOutput) != 0) {
    po::options_description group("Output");
    group.add_options()("output,o", one(&o.output, "FILE"), "where the result goes; - is standard output");
    all.add(group);
  }
  if ((groups & kVectors) != 0) {
    po::options_description group("Vectors");
    group.add_options()                                                                                     //
        ("filter", one(&o.filter, "GLOB"), "only cases whose id fits")                                      //
        ("jobs", one(&o.jobs, "N"), "cases side by side; by default one a processor")                       //
        ("junit", one(&o.junit, "FILE"), "write a JUnit report")                                            //
        ("tool", one(&o.tool, "'CMD {input}'"), "judge another program's report by the same expectations")  //
        ("tool-timeout", one(&o.tool_timeout, "SECONDS"), "end that program after this time; 60, unless given");
    all.add(group);
  }
  if ((groups & kSes) != 0) {
    po::options_description group("SES");
    group.add_options()                                                                             //
        ("region", one(&o.region, "REGION"), "the AWS region")                                      //
        ("endpoint", one(&o.endpoint, "URL"), "another endpoint than the region's")                 //
        ("api", one(&o.api, "v1|v2"), "which SES API")                                              //
        ("fips", po::bool_switch(&o.fips), "the FIPS endpoints")                                    //
        ("metadata", one(&o.metadata, "FILE"), "fetch: the object's metadata as JSON, without S3")  //
        ("data-key", one(&o.data_key, "FILE"), "fetch: the plaintext data key, without KMS")        //
        ("allow-cbc", po::bool_switch(&o.allow_cbc), "fetch: AES-CBC, which proves nothing");
    all.add(group);
  }
}

po::options_description describe(Options& o, unsigned groups) {
  constexpr unsigned kWidth = 100;
  po::options_description all(kWidth);
  if ((groups & kDraft) != 0) describe_draft(all, o);
  if ((groups & kSealing) != 0) describe_sealing(all, o);
  if ((groups & kKeys) != 0) describe_keys(all, o);
  if ((groups & kOpening) != 0) describe_opening(all, o);
  if ((groups & kSending) != 0) describe_sending(all, o);
  if ((groups & kNetwork) != 0) describe_network(all, o);
  describe_rest(all, o, groups);
  po::options_description common("Common");
  common.add_options()                                                                                //
      ("json", po::bool_switch(&o.json), "print the report as JSON")                                  //
      ("config", one(&o.config, "FILE"), "the configuration file")                                    //
      ("no-config", po::bool_switch(&o.no_config), "read no configuration file")                      //
      ("account", one(&o.account, "NAME"), "the [account NAME] section of the configuration to use")  //
      ("verbose,v", po::bool_switch(&o.verbose), "say more, on standard error")                       //
      ("help,h", po::bool_switch(&o.help), "say what can be said");
  all.add(common);
  return all;
}

// ---- The configuration file ------------------------------------------------------------------------------------

constexpr std::uint64_t kMaxConfig = 1U << 20U;
/// Stands for `#` while Boost reads the file, since it would take one anywhere in a line for a comment.
constexpr char kHash = '\x01';

std::string default_config_path() {
  const char* base = std::getenv("XDG_CONFIG_HOME");
  if (base != nullptr && *base == '/') return std::string(base) + "/mimeseal/mimeseal.conf";
  const char* home = std::getenv("HOME");
  return home != nullptr && *home != '\0' ? std::string(home) + "/.config/mimeseal/mimeseal.conf" : std::string();
}

std::string prepared_config(const std::string& path) {
  const InputPtr file = file_input(path);
  std::string text = read_range(*file, 0, file->size(), kMaxConfig);
  std::string out;
  std::size_t number = 0;
  for (const std::string& line : split(text, '\n')) {
    ++number;
    std::string_view content = trim(line);
    for (const char c : content)
      if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F)
        throw Error(Errc::config, "a control character in the line", path + ":" + std::to_string(number));
    if (content.starts_with('#')) content = {};
    std::string kept(content);
    std::replace(kept.begin(), kept.end(), '#', kHash);
    // A mistake is named with its line here: Boost knows no line numbers.
    if (!kept.empty() && kept.front() != '[' && kept.find('=') == std::string::npos)
      throw Error(Errc::config, "neither NAME = VALUE nor [account NAME]", path + ":" + std::to_string(number));
    out += kept + "\n";
  }
  return out;
}

/// The line on which an option first stands, for messages.
std::string place_of(const std::string& prepared, const std::string& path, std::string_view name) {
  std::size_t number = 0;
  for (const std::string& line : split(prepared, '\n')) {
    ++number;
    if (trim(std::string_view(line).substr(0, line.find('='))) == name) return path + ":" + std::to_string(number);
  }
  return path;
}

struct ConfigOption {
  std::string name;
  std::vector<std::string> values;
};

bool is_repeatable(const po::option_description& description) {
  return dynamic_cast<const po::typed_value<std::vector<std::string>>*>(description.semantic().get()) != nullptr;
}

/// The account that the file itself names before its sections, or empty.
std::string default_account(const std::vector<po::option>& options) {
  for (const po::option& option : options)
    if (option.string_key == "account" && !option.value.empty()) return option.value.front();
  return {};
}

/// What the file says for the account: its section first, then what stands before all sections.
std::vector<ConfigOption> read_config(const std::string& path, const std::string& chosen) {
  const std::string prepared = prepared_config(path);
  std::istringstream stream(prepared);
  Options scratch;
  const po::options_description known = describe(scratch, kAllGroups);
  po::parsed_options parsed(&known);
  try {
    parsed = po::parse_config_file(stream, known, true);
  } catch (const po::error& error) {
    throw Error(Errc::config, error.what(), path);
  }
  std::vector<ConfigOption> own;
  std::vector<ConfigOption> common;
  std::set<std::string> seen;
  const std::string account = chosen.empty() ? default_account(parsed.options) : chosen;
  bool account_found = account.empty();
  const std::string prefix = "account " + account + ".";
  for (po::option& option : parsed.options) {
    std::string name = option.string_key;
    bool ours = true;
    bool in_section = false;
    if (const std::size_t dot = name.rfind('.'); dot != std::string::npos) {
      if (!name.starts_with("account "))
        throw Error(Errc::config, "a section that is not [account NAME]: [" + visible(name.substr(0, dot)) + "]", path);
      in_section = true;
      ours = !account.empty() && name.starts_with(prefix) && name.size() - prefix.size() == name.size() - dot - 1;
      name = name.substr(dot + 1);
    }
    const auto* description = known.find_nothrow(name, false);
    // Which file is read, and whether, is decided before it is read; a default account stands before all sections.
    if (description == nullptr || description->long_name() != name || name == "help" || name == "config" ||
        name == "no-config" || (name == "account" && in_section))
      throw Error(Errc::config, "no such option: " + visible(name), place_of(prepared, path, name));
    if (is_forbidden_in_config(name))
      throw Error(Errc::config, name + " is a decision about one message and stands in no configuration file",
                  place_of(prepared, path, name));
    if (!is_repeatable(*description) && !seen.insert(option.string_key).second)
      throw Error(Errc::config, name + " stands twice and takes one value", place_of(prepared, path, name));
    if (!ours || name == "account") continue;
    if (in_section) account_found = true;
    for (std::string& value : option.value)
      std::replace(value.begin(), value.end(), kHash, '#');
    (in_section ? own : common).push_back({name, option.value});
  }
  if (!account_found && prepared.find("[account " + account + "]") == std::string::npos)
    throw Error(Errc::config, "no [account " + visible(account) + "] in the configuration file", path);
  // An option of the account hides the common ones of the same name altogether.
  std::set<std::string> hidden;
  for (const ConfigOption& option : own)
    hidden.insert(option.name);
  for (ConfigOption& option : common)
    if (hidden.count(option.name) == 0) own.push_back(std::move(option));
  return own;
}

/// An empty value is a slip (a variable of a script that was not set), but for the texts of a message.
void refuse_empty(const po::parsed_options& parsed) {
  static constexpr std::array<std::string_view, 3> kMayBeEmpty = {"subject", "text", "html"};
  for (const po::option& option : parsed.options) {
    if (std::find(kMayBeEmpty.begin(), kMayBeEmpty.end(), option.string_key) != kMayBeEmpty.end()) continue;
    for (const std::string& value : option.value)
      if (value.empty())
        throw Error(Errc::usage, option.string_key == "arguments" ? "an empty argument"
                                                                  : "--" + option.string_key + " has an empty value");
  }
}

/// `--subject=` as the two words that Boost would take it for, if it took an empty value there.
std::vector<std::string> with_empty_values(const std::vector<std::string>& words) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--") {
      out.insert(out.end(), words.begin() + static_cast<std::ptrdiff_t>(i), words.end());
      break;
    }
    const bool empty = words[i].starts_with("--") && words[i].find('=') == words[i].size() - 1;
    out.push_back(empty ? words[i].substr(0, words[i].size() - 1) : words[i]);
    if (empty) out.emplace_back();
  }
  return out;
}

[[noreturn]] void refuse_usage(const po::error& error) {
  throw Error(Errc::usage, error.what(), {}, "mimeseal COMMAND --help lists the options");
}

/// Only options that the command knows; a flag that the configuration sets to false is left out.
po::parsed_options fitting(const std::vector<ConfigOption>& config, const po::options_description& description) {
  po::parsed_options fitting(&description);
  for (const ConfigOption& option : config) {
    if (description.find_nothrow(option.name, false) == nullptr) continue;
    po::option one(option.name, option.values);
    one.original_tokens = option.values;
    fitting.options.push_back(std::move(one));
  }
  return fitting;
}

}  // namespace

Options parse_options(const std::vector<std::string>& words, unsigned groups) {
  Options options;
  po::options_description description = describe(options, groups);
  po::options_description everything;
  everything.add(description);
  everything.add_options()("arguments", po::value<std::vector<std::string>>(&options.arguments), "");
  po::positional_options_description positional;
  positional.add("arguments", -1);
  po::variables_map map;
  try {
    using namespace po::command_line_style;
    const int style = allow_long | long_allow_adjacent | long_allow_next | allow_short | short_allow_adjacent |
                      short_allow_next | allow_dash_for_short;
    const po::parsed_options parsed =
        po::command_line_parser(with_empty_values(words)).options(everything).positional(positional).style(style).run();
    refuse_empty(parsed);
    po::store(parsed, map);
  } catch (const po::error& error) {
    refuse_usage(error);
  }
  const auto said = [&](const char* name) {
    return map.count(name) != 0 ? map[name].as<std::string>() : std::string();
  };
  const std::string account = said("account");
  const bool json_said = map["json"].as<bool>();
  if (!map["no-config"].as<bool>() && !map["help"].as<bool>()) {
    const std::string named = said("config");
    std::string path = named.empty() ? default_config_path() : named;
    bool there = !named.empty();
    if (!there && !path.empty()) {
      try {
        static_cast<void>(file_input(path));
        there = true;
      } catch (const Error&) {
        there = false;  // no configuration is no fault
      }
    }
    if (there) {
      try {
        po::store(fitting(read_config(path, account), everything), map);
      } catch (const po::error& error) {
        throw Error(Errc::config, error.what(), path);
      }
    } else if (!account.empty()) {
      throw Error(Errc::config, "--account needs a configuration file", path.empty() ? "mimeseal.conf" : path);
    }
  } else if (!account.empty()) {
    throw Error(Errc::usage, "--account needs the configuration file that --no-config leaves unread");
  }
  try {
    po::notify(map);
  } catch (const po::error& error) {
    refuse_usage(error);
  }
  options.json_by_config = options.json && !json_said;
  return options;
}

std::string options_help(unsigned groups) {
  Options scratch;
  std::ostringstream out;
  out << describe(scratch, groups);
  return out.str();
}

}  // namespace mimeseal::cli
