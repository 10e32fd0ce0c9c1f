// SPDX-License-Identifier: MIT
#include "pgp/gpgme.h"

#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <clocale>
#include <mutex>
#include <utility>

#include "mimeseal/core/text.h"
#include "mimeseal/pgp/engine.h"

namespace mimeseal::pgp {
namespace {

// A hostile message may make gpg talk a lot; what comes after this many lines decides nothing good.
constexpr std::size_t kMaxStatusLines = 50'000;
constexpr const char* kBufferSize = "65536";
constexpr const char* kOldestGpg = "2.2.0";

std::string error_text(gpgme_error_t code) {
  return "GpgME: " + error_words(code);
}

void initialise() {
  static std::once_flag once;
  std::call_once(once, [] { gpgme_check_version(nullptr); });
}

gpgme_engine_info_t installed() {
  initialise();
  gpgme_engine_info_t info = nullptr;
  if (gpgme_get_engine_info(&info) != 0) return nullptr;
  while (info != nullptr && info->protocol != GPGME_PROTOCOL_OpenPGP)
    info = info->next;
  return info;
}

bool older(std::string_view version, std::string_view than) {
  const auto numbers = [](std::string_view text) {
    std::vector<int> result;
    int value = 0;
    for (const char c : text) {
      if (c == '.') {
        result.push_back(std::exchange(value, 0));
      } else if (c >= '0' && c <= '9') {
        value = value * 10 + (c - '0');
      } else {
        break;
      }
      if (value > 100'000) break;
    }
    result.push_back(value);
    return result;
  };
  return numbers(version) < numbers(than);
}

Errc kind(gpgme_error_t code) {
  switch (gpgme_err_code(code)) {
    case GPG_ERR_NO_SECKEY:
    case GPG_ERR_UNUSABLE_SECKEY:
    case GPG_ERR_BAD_PASSPHRASE:
    case GPG_ERR_CANCELED:
    case GPG_ERR_FULLY_CANCELED:
    case GPG_ERR_BAD_PIN:
    case GPG_ERR_NO_PIN_ENTRY:
    case GPG_ERR_EPERM:
    case GPG_ERR_EACCES:
      return Errc::refused;
    case GPG_ERR_UNUSABLE_PUBKEY:
    case GPG_ERR_NO_PUBKEY:
      return Errc::no_recipient;
    case GPG_ERR_NO_DATA:
    case GPG_ERR_BAD_DATA:
      return Errc::malformed;
    case GPG_ERR_INV_ENGINE:
    case GPG_ERR_NO_AGENT:
      return Errc::unavailable;
    case GPG_ERR_UNSUPPORTED_ALGORITHM:
      return Errc::unsupported;
    case GPG_ERR_EIO:
    case GPG_ERR_ENOSPC:
      return Errc::io;
    default:
      return Errc::internal;
  }
}

Error refused(const char* what, const PassphraseRequest& request) {
  const std::string where =
      request.symmetric ? "symmetric encryption" : (request.key_id + " " + visible(request.user_id));
  return {Errc::refused, what, std::string(trim(where)), "give the passphrase by file or descriptor"};
}

}  // namespace

std::string error_words(gpgme_error_t code) {
  char buffer[256] = {};
  gpgme_strerror_r(code, buffer, sizeof buffer);
  return ascii_lower(buffer);
}

KeyRef own(gpgme_key_t key) {
  return {key, [](gpgme_key_t k) {
            if (k != nullptr) gpgme_key_unref(k);
          }};
}

EngineInfo engine_info() {
  const gpgme_engine_info_t info = installed();
  const std::string program = info != nullptr && info->file_name != nullptr ? info->file_name : "";
  const std::string version = info != nullptr && info->version != nullptr ? info->version : "";
  const std::string hint = "install GnuPG 2.2 or later";
  // GpgME gives a program that does not run the version 1.0.0.
  if (program.empty() || version.empty() || access(program.c_str(), X_OK) != 0) {
    throw Error(Errc::unavailable, "gpg is missing", program.empty() ? "gpg" : program, hint);
  }
  if (older(version, kOldestGpg)) {
    throw Error(Errc::unavailable, "gpg is too old: version " + version, program, hint);
  }
  if (const gpgme_error_t code = gpgme_engine_check_version(GPGME_PROTOCOL_OpenPGP); code != 0) {
    throw Error(Errc::unavailable, "gpg cannot be used: " + error_words(code), program, hint);
  }
  return {version, program, gpgme_check_version(nullptr)};
}

void require_gpg() {
  static_cast<void>(engine_info());
}

Error detailed(Error error, std::vector<std::string> lines) {
  error.with_details(std::move(lines));
  return error;
}

Error gpgme_failure(gpgme_error_t code, std::string what, std::string where, std::string hint) {
  return Error(kind(code), std::move(what), std::move(where), std::move(hint)).with_cause(error_text(code));
}

void StatusLog::add(std::string_view keyword, std::string_view arguments) {
  if (lines_.size() < kMaxStatusLines) lines_.push_back({std::string(keyword), std::string(arguments)});
}

std::size_t StatusLog::count(std::string_view keyword) const noexcept {
  std::size_t result = 0;
  for (const StatusLine& line : lines_)
    result += line.keyword == keyword ? 1 : 0;
  return result;
}

std::vector<std::string> StatusLog::arguments(std::string_view keyword) const {
  for (const StatusLine& line : lines_) {
    if (line.keyword == keyword) return split(line.arguments, ' ');
  }
  return {};
}

int StatusLog::number(std::string_view keyword, std::size_t place) const {
  const std::vector<std::string> words = arguments(keyword);
  int value = 0;
  if (place < words.size()) std::from_chars(words[place].data(), words[place].data() + words[place].size(), value);
  return value;
}

struct Data::Stream {
  Source* from = nullptr;
  Sink* to = nullptr;
  std::exception_ptr caught;

  static ssize_t read(void* self, void* into, std::size_t size) {
    auto* stream = static_cast<Stream*>(self);
    try {
      return static_cast<ssize_t>(stream->from->read({static_cast<char*>(into), size}));
    } catch (...) {
      stream->caught = std::current_exception();
      errno = EIO;
      return -1;
    }
  }
  static ssize_t write(void* self, const void* octets, std::size_t size) {
    auto* stream = static_cast<Stream*>(self);
    try {
      stream->to->write({static_cast<const char*>(octets), size});
      return static_cast<ssize_t>(size);
    } catch (...) {
      stream->caught = std::current_exception();
      errno = EIO;
      return -1;
    }
  }
};

namespace {
gpgme_data_t checked(gpgme_error_t code, gpgme_data_t data) {
  if (code != 0) throw gpgme_failure(code, "GpgME has no room for data");
  static_cast<void>(gpgme_data_set_flag(data, "io-buffer-size", kBufferSize));
  return data;
}
}  // namespace

Data::Data(Source& from) : stream_(std::make_unique<Stream>()) {
  static gpgme_data_cbs callbacks = {&Stream::read, nullptr, nullptr, nullptr};
  stream_->from = &from;
  const gpgme_error_t code = gpgme_data_new_from_cbs(&data_, &callbacks, stream_.get());
  data_ = checked(code, data_);
}

Data::Data(Sink& to) : stream_(std::make_unique<Stream>()) {
  static gpgme_data_cbs callbacks = {nullptr, &Stream::write, nullptr, nullptr};
  stream_->to = &to;
  const gpgme_error_t code = gpgme_data_new_from_cbs(&data_, &callbacks, stream_.get());
  data_ = checked(code, data_);
}

Data::Data(std::string_view octets) {
  const gpgme_error_t code = gpgme_data_new_from_mem(&data_, octets.data(), octets.size(), 0);
  data_ = checked(code, data_);
}

Data::~Data() {
  gpgme_data_release(data_);
}

void Data::rethrow() const {
  if (stream_ && stream_->caught) std::rethrow_exception(stream_->caught);
}

Context::Context(const std::string& home) : home_(home) {
  require_gpg();
  if (const gpgme_error_t code = gpgme_new(&ctx_); code != 0) throw gpgme_failure(code, "GpgME gives no context");
  const char* folder = home_.empty() ? nullptr : home_.c_str();
  gpgme_error_t code = gpgme_set_protocol(ctx_, GPGME_PROTOCOL_OpenPGP);
  const gpgme_engine_info_t info = gpgme_ctx_get_engine_info(ctx_);
  const char* program = info != nullptr ? info->file_name : nullptr;
  if (code == 0) code = gpgme_ctx_set_engine_info(ctx_, GPGME_PROTOCOL_OpenPGP, program, folder);
  if (code == 0) code = gpgme_set_locale(ctx_, LC_MESSAGES, "C");
  if (code == 0) code = gpgme_set_ctx_flag(ctx_, "full-status", "1");
  if (code == 0) code = gpgme_set_ctx_flag(ctx_, "no-symkey-cache", "1");
  if (code != 0) {
    gpgme_release(ctx_);
    throw gpgme_failure(code, "GpgME cannot use this keyring", home_);
  }
  gpgme_set_offline(ctx_, 1);
  gpgme_set_status_cb(ctx_, &Context::on_status, this);
}

Context::~Context() {
  gpgme_release(ctx_);
}

void Context::begin(PassphraseSource passphrase) {
  status_.clear();
  caught_ = nullptr;
  wrong_.reset();
  missing_.reset();
  passphrase_ = std::move(passphrase);
  gpgme_signers_clear(ctx_);
  gpgme_set_armor(ctx_, 0);
  gpgme_set_textmode(ctx_, 0);
  gpgme_set_keylist_mode(ctx_, GPGME_KEYLIST_MODE_LOCAL);
  set_flag("export-session-key", "0");
  set_flag("override-session-key", "");
  if (passphrase_) {
    gpgme_set_pinentry_mode(ctx_, GPGME_PINENTRY_MODE_LOOPBACK);
    gpgme_set_passphrase_cb(ctx_, &Context::on_passphrase, this);
  } else {
    gpgme_set_pinentry_mode(ctx_, GPGME_PINENTRY_MODE_DEFAULT);
    gpgme_set_passphrase_cb(ctx_, nullptr, nullptr);
  }
}

void Context::set_flag(const char* name, const char* value) {
  if (const gpgme_error_t code = gpgme_set_ctx_flag(ctx_, name, value); code != 0) {
    throw gpgme_failure(code, "GpgME does not know a setting", name);
  }
}

void Context::add_signer(const KeyRef& key) {
  if (const gpgme_error_t code = gpgme_signers_add(ctx_, key.get()); code != 0) {
    throw gpgme_failure(code, "GpgME does not take the signer");
  }
}

void Context::check_callbacks() const {
  if (caught_) std::rethrow_exception(caught_);
  if (wrong_) throw refused("the passphrase is wrong", *wrong_);
}

gpgme_error_t Context::on_status(void* self, const char* keyword, const char* arguments) {
  auto* context = static_cast<Context*>(self);
  try {
    context->status_.add(keyword != nullptr ? keyword : "", arguments != nullptr ? arguments : "");
    return 0;
  } catch (...) {
    context->caught_ = std::current_exception();
    return gpgme_error(GPG_ERR_ENOMEM);
  }
}

gpgme_error_t Context::on_passphrase(void* self, const char* hint, const char* info, int was_bad, int fd) {
  auto* context = static_cast<Context*>(self);
  try {
    PassphraseRequest request;
    // NEED_PASSPHRASE has four words, NEED_PASSPHRASE_SYM three.
    const std::vector<std::string> words = split(info != nullptr ? info : "", ' ');
    request.symmetric = words.size() < 4;
    if (!request.symmetric) {
      request.key_id = words[1];
      const std::string_view text = hint != nullptr ? hint : "";
      const std::size_t blank = text.find(' ');
      if (blank != std::string_view::npos) request.user_id = text.substr(blank + 1);
    }
    if (was_bad != 0) {
      context->wrong_ = std::move(request);
      return gpgme_error(GPG_ERR_CANCELED);
    }
    std::optional<SecretBytes> passphrase = context->passphrase_(request);
    if (!passphrase) {
      context->missing_ = std::move(request);
      return gpgme_error(GPG_ERR_CANCELED);
    }
    if (has_crlf_or_nul(passphrase->view())) {
      context->wrong_ = std::move(request);
      return gpgme_error(GPG_ERR_CANCELED);
    }
    if (gpgme_io_writen(fd, passphrase->view().data(), passphrase->size()) != 0 || gpgme_io_writen(fd, "\n", 1) != 0) {
      return gpgme_error_from_errno(errno);
    }
    return 0;
  } catch (...) {
    context->caught_ = std::current_exception();
    return gpgme_error(GPG_ERR_CANCELED);
  }
}

std::vector<KeyRef> Context::list(const std::string& pattern, bool secret_only, bool with_secret) {
  begin({});
  gpgme_keylist_mode_t mode = GPGME_KEYLIST_MODE_LOCAL;
  if (with_secret) mode |= GPGME_KEYLIST_MODE_WITH_SECRET;
  gpgme_set_keylist_mode(ctx_, mode);
  gpgme_error_t code = gpgme_op_keylist_start(ctx_, pattern.empty() ? nullptr : pattern.c_str(), secret_only ? 1 : 0);
  std::vector<KeyRef> result;
  while (code == 0) {
    gpgme_key_t key = nullptr;
    code = gpgme_op_keylist_next(ctx_, &key);
    if (code == 0) result.push_back(own(key));
  }
  gpgme_op_keylist_end(ctx_);
  if (gpgme_err_code(code) != GPG_ERR_EOF) throw gpgme_failure(code, "gpg cannot list the keys", home_);
  check_callbacks();
  return result;
}

std::string digest_name(int algorithm) {
  switch (algorithm) {
    case GPGME_MD_MD5:
      return "md5";
    case GPGME_MD_SHA1:
      return "sha1";
    case GPGME_MD_RMD160:
      return "ripemd160";
    case GPGME_MD_SHA256:
      return "sha256";
    case GPGME_MD_SHA384:
      return "sha384";
    case GPGME_MD_SHA512:
      return "sha512";
    case GPGME_MD_SHA224:
      return "sha224";
    case 12:
      return "sha3-256";
    case 14:
      return "sha3-512";
    default:
      return {};
  }
}

std::string cipher_name(int algorithm) {
  switch (algorithm) {
    case 1:
      return "idea";
    case 2:
      return "3des";
    case 3:
      return "cast5";
    case 4:
      return "blowfish";
    case 7:
      return "aes128";
    case 8:
      return "aes192";
    case 9:
      return "aes256";
    case 10:
      return "twofish";
    case 11:
      return "camellia128";
    case 12:
      return "camellia192";
    case 13:
      return "camellia256";
    default:
      return "cipher " + std::to_string(algorithm);
  }
}

}  // namespace mimeseal::pgp
