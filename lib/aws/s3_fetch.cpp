// SPDX-License-Identifier: MIT
// Mail that SES stored in S3: fetching, unwrapping the data key, decrypting.
#include <algorithm>

#include "aws/places.h"
#include "aws/service.h"
#include "aws/stored_keys.h"
#include "aws/uri.h"
#include "mimeseal/aws/s3.h"
#include "mimeseal/core/error.h"
#include "mimeseal/core/spool.h"
#include "mimeseal/core/text.h"

namespace mimeseal::aws {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxKey = 1024;
constexpr std::uint64_t kMaxInstructions = 64U << 10U;
constexpr std::uint64_t kMaxMetadata = 1U << 20U;
constexpr std::chrono::milliseconds kObjectTimeout = 10min;

struct S3Place {
  std::string bucket;
  std::string key;
  std::string where;  ///< the URL, for people
};

S3Place parse_s3_url(std::string_view url) {
  constexpr std::string_view kScheme = "s3://";
  S3Place place;
  place.where = visible(url);
  const auto refuse = [&](const char* why) { throw Error(Errc::usage, why, place.where, "s3://BUCKET/KEY"); };
  if (!istarts_with(url, kScheme)) refuse("not an s3: URL");
  url.remove_prefix(kScheme.size());
  const std::size_t slash = url.find('/');
  if (slash == std::string_view::npos || slash + 1 == url.size()) refuse("the URL names no object");
  place.bucket = url.substr(0, slash);
  place.key = url.substr(slash + 1);
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == '_';
  };
  if (place.bucket.size() < 3 || !std::all_of(place.bucket.begin(), place.bucket.end(), fits))
    refuse("the URL names no bucket");
  if (place.key.size() > kMaxKey) refuse("the object's key is longer than 1024 octets");
  if (has_crlf_or_nul(place.key)) refuse("the object's key holds CR, LF or NUL");
  return place;
}

/// A bucket's name that can stand in a host's name under the service's certificate.
bool is_host_label(const std::string& bucket) {
  return bucket.size() <= 63 && bucket.find_first_of("._") == std::string::npos &&
         std::none_of(bucket.begin(), bucket.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

class Fetcher {
 public:
  Fetcher(const S3Place& place, const S3Settings& settings, const Context& context)
      : place_(place),
        settings_(settings),
        files_(context),
        region_(resolve_region(settings.region, context, files_)),
        fips_(settings.fips || asks_for("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint", context, files_)),
        s3_endpoint_(endpoint_of(settings.endpoint, "s3", context)),
        // An endpoint named for all of this serves KMS too, unless KMS has one of its own.
        kms_endpoint_(
            endpoint_of(context.environment("AWS_ENDPOINT_URL_KMS") ? "" : settings.endpoint, "kms", context)),
        client_(context, region_) {}

  StoredMessage fetch() {
    Metadata metadata;
    const InputPtr object = *get(place_.key, metadata, settings_.limit, Errc::no_input);
    StoredMessage message;
    if (needs_instruction_file(metadata)) {
      const auto instructions = instruction_file();
      if (instructions) {
        merge_instruction_file(metadata, *instructions);
      } else if (is_committing(metadata)) {
        throw Error(Errc::malformed, "the object is encrypted, but its instruction file is missing", place_.where);
      } else {
        message.content = object;
        return message;
      }
    }
    const StoredKeys keys = read_stored_keys(metadata, place_.where);
    if (keys.wrapping != "kms" && keys.wrapping != "kms+context")
      throw Error(Errc::unsupported, "its data key is wrapped by " + visible(keys.wrapping) + ", not by KMS",
                  place_.where, "--metadata and --data-key decrypt it when its key is known");
    demand_authenticated(keys, settings_.allow_cbc, place_.where);
    const SecretBytes data_key = unwrap(keys);
    message.content = decrypt_object(*object, keys, data_key, settings_.allow_cbc);
    message.encrypted = true;
    message.authenticated = keys.cipher != StoredCipher::cbc;
    message.cipher = keys.cipher_name;
    message.wrapping = keys.wrapping;
    message.description = keys.description;
    return message;
  }

 private:
  std::string endpoint_of(std::string_view named, const char* service, const Context& context) const {
    std::string endpoint = named_endpoint(named, service, context, files_);
    if (!endpoint.empty() && fips_)
      throw Error(Errc::config, "FIPS and a custom endpoint exclude each other", visible(endpoint));
    return endpoint;
  }

  [[nodiscard]] std::string url_of(const std::string& key) const {
    const std::string path = "/" + uri_encode(key, true);
    if (!s3_endpoint_.empty()) return s3_endpoint_ + "/" + place_.bucket + path;
    const std::string host = (fips_ ? "s3-fips." : "s3.") + region_ + "." + domain_of(region_);
    if (is_host_label(place_.bucket)) return "https://" + place_.bucket + "." + host + path;
    return "https://" + host + "/" + place_.bucket + path;
  }

  /// The object and its metadata; nothing when it is not there and that may be.
  std::optional<InputPtr> get(const std::string& key, Metadata& metadata, std::uint64_t limit,
                              std::optional<Errc> missing) {
    Call call;
    call.service = "s3";
    call.region = region_;
    call.url = url_of(key);
    call.timeout =
        client_.context().timeout.count() > 0 ? std::chrono::milliseconds(client_.context().timeout) : kObjectTimeout;
    std::optional<Spool> spool;
    const net::HttpResponse response = client_.repeat(call, [&]() -> Sink* {
      spool.emplace(place_.where, Spool::kDefaultThreshold, limit);
      return &*spool;
    });
    if (response.status == 200) {
      metadata = metadata_of(response.headers);
      return spool->freeze();
    }
    if (response.status == 404 && !missing) return std::nullopt;
    // Who may not list the bucket learns of a missing object by 403.
    if (response.status == 403 && !missing) return std::nullopt;
    Error error = service_failure(response, place_.where, missing.value_or(Errc::no_input));
    if (const std::string* there = response.find("x-amz-bucket-region"); there != nullptr && *there != region_)
      error.with_hint("the bucket is in " + visible(*there) + ": name it by --region");
    throw Error(error);
  }

  std::optional<Metadata> instruction_file() {
    Metadata unused;
    const auto input = get(place_.key + ".instruction", unused, kMaxInstructions, std::nullopt);
    if (!input) return std::nullopt;
    return metadata_of_json(read_range(**input, 0, (*input)->size(), kMaxInstructions), place_.where + ".instruction");
  }

  /// A key's ARN names its region, which may be another one than the bucket's.
  [[nodiscard]] std::string kms_region(const StoredKeys& keys) const {
    const auto found = keys.description.find("kms_cmk_id");
    if (found == keys.description.end()) return region_;
    const std::vector<std::string> parts = split(found->second, ':');
    return parts.size() > 3 && parts[0] == "arn" && parts[2] == "kms" && is_region(parts[3]) ? parts[3] : region_;
  }

  SecretBytes unwrap(const StoredKeys& keys) {
    const Json question{{"CiphertextBlob", base64_encode(keys.wrapped_key)}, {"EncryptionContext", keys.description}};
    const std::string text = question.dump();
    const auto body = view_source(text);
    Call call;
    call.service = "kms";
    call.region = kms_region(keys);
    call.method = "POST";
    call.url = kms_endpoint_.empty()
                   ? (fips_ ? "https://kms-fips." : "https://kms.") + call.region + "." + domain_of(call.region) + "/"
                   : kms_endpoint_ + "/";
    call.headers = {{"Content-Type", "application/x-amz-json-1.1"}, {"X-Amz-Target", "TrentService.Decrypt"}};
    call.body = body.get();
    call.payload_sha256 = hex(sha256(text));
    net::HttpResponse response = client_.repeat(call);
    if (response.status != 200) {
      const ServiceError error = service_error(response);
      throw Error(Errc::refused,
                  "KMS does not decrypt the data key: " + std::to_string(response.status) + " " + error.code +
                      (error.message.empty() ? "" : ": " + error.message),
                  place_.where);
    }
    auto json = parse_json(response.body);
    cleanse(response.body);
    if (!json) throw Error(Errc::protocol, "the answer of KMS is not understood", place_.where);
    const SecretBytes base64 = take_secret(*json, "Plaintext");
    auto octets = base64_decode(base64.view());
    if (!octets || octets->empty()) throw Error(Errc::protocol, "the answer of KMS holds no key", place_.where);
    SecretBytes key(*octets);
    cleanse(*octets);
    return key;
  }

  const S3Place& place_;
  const S3Settings& settings_;
  SharedFiles files_;
  std::string region_;
  bool fips_;
  std::string s3_endpoint_;
  std::string kms_endpoint_;
  ServiceClient client_;
};

}  // namespace

StoredMessage fetch_message(std::string_view s3_url, const S3Settings& settings, const Context& context) {
  const S3Place place = parse_s3_url(s3_url);
  return Fetcher(place, settings, context).fetch();
}

StoredMessage decrypt_stored(const InputPtr& metadata_json, const SecretBytes& data_key, const InputPtr& object,
                             bool allow_cbc) {
  const std::string text = read_range(*metadata_json, 0, metadata_json->size(), kMaxMetadata);
  const StoredKeys keys = read_stored_keys(metadata_of_json(text, metadata_json->name()), metadata_json->name());
  StoredMessage message;
  if (keys.wrapping == "AES/ECB") {
    demand_authenticated(keys, allow_cbc, object->name());
    const auto unwrapped = unwrap_with_master(keys, data_key);
    message.content = decrypt_object(*object, keys, unwrapped ? *unwrapped : data_key, allow_cbc);
  } else {
    message.content = decrypt_object(*object, keys, data_key, allow_cbc);
  }
  message.encrypted = true;
  message.authenticated = keys.cipher != StoredCipher::cbc;
  message.cipher = keys.cipher_name;
  message.wrapping = keys.wrapping;
  message.description = keys.description;
  return message;
}

SecretBytes read_data_key(const std::string& path) {
  constexpr std::uint64_t kMaxFile = 4096;
  const auto is_key_size = [](std::size_t size) { return size == 16 || size == 24 || size == 32; };
  const InputPtr input = file_input(path);
  if (input->size() > kMaxFile) throw Error(Errc::malformed, "too large to be a data key", path);
  std::string octets = read_range(*input, 0, input->size(), kMaxFile);
  SecretBytes raw(octets);
  cleanse(octets);
  if (is_key_size(raw.size())) return raw;
  const auto key_in = [&](std::optional<std::string> decoded) {
    SecretBytes key(decoded ? std::string_view(*decoded) : std::string_view());
    if (decoded) cleanse(*decoded);
    return is_key_size(key.size()) ? std::move(key) : SecretBytes();
  };
  if (SecretBytes key = key_in(unhex(trim(raw.view()))); !key.empty()) return key;
  if (SecretBytes key = key_in(base64_decode(trim(raw.view()))); !key.empty()) return key;
  throw Error(Errc::malformed, "not a data key of 16, 24 or 32 octets, as they are or in base64 or hexadecimal", path);
}

}  // namespace mimeseal::aws
