// SPDX-License-Identifier: MIT
#include "aws/ses_body.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cstring>

#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"

namespace mimeseal::aws {
namespace {

constexpr std::size_t kChunk = 48U << 10U;  // a multiple of 3: base64 goes on without padding

std::uint64_t base64_size(std::uint64_t octets) {
  return (octets + 2) / 3 * 4;
}

void append_encoded(std::string& out, std::string_view base64) {
  for (const char c : base64) {
    switch (c) {
      case '+':
        out += "%2B";
        break;
      case '/':
        out += "%2F";
        break;
      case '=':
        out += "%3D";
        break;
      default:
        out += c;
    }
  }
}

}  // namespace

SesBody::SesBody(std::string prefix, Source& message, std::string suffix, BodyForm form)
    : prefix_(std::move(prefix)), message_(message), suffix_(std::move(suffix)), form_(form), raw_(kChunk) {}

void SesBody::measure(Sink& watcher, std::uint64_t limit, const char* limit_words) {
  const auto check = [&](std::uint64_t octets) {
    if (base64_size(octets) > limit)
      throw Error(Errc::limit, limit_words, std::to_string(octets) + " octets, in base64 a third more");
  };
  if (const auto known = message_.size()) check(*known);
  watcher_ = &watcher;
  rewind();
  Sha256 hash;
  std::uint64_t count = 0;
  std::vector<char> buffer(kChunk);
  while (const std::size_t n = read(buffer)) {
    hash.update({buffer.data(), n});
    count += n;
    check(message_size_);
  }
  watcher_ = nullptr;
  size_ = count;
  sha256_ = hex(hash.finish());
}

void SesBody::rewind() {
  message_.rewind();
  message_size_ = 0;
  part_ = Part::prefix;
  ready_.clear();
  given_ = 0;
}

std::size_t SesBody::read(std::span<char> into) {
  while (given_ == ready_.size() && part_ != Part::end)
    refill();
  const std::size_t n = std::min(into.size(), ready_.size() - given_);
  std::memcpy(into.data(), ready_.data() + given_, n);
  given_ += n;
  return n;
}

void SesBody::refill() {
  given_ = 0;
  ready_.clear();
  if (part_ == Part::prefix) {
    ready_ = prefix_;
    part_ = Part::message;
    return;
  }
  if (part_ == Part::suffix) {
    ready_ = suffix_;
    part_ = Part::end;
    return;
  }
  std::size_t filled = 0;
  while (filled < raw_.size()) {
    const std::size_t n = message_.read(std::span(raw_).subspan(filled));
    if (n == 0) break;
    filled += n;
  }
  if (filled < raw_.size()) part_ = Part::suffix;
  encode(filled);
}

void SesBody::encode(std::size_t octets) {
  message_size_ += octets;
  if (watcher_ != nullptr) watcher_->write({raw_.data(), octets});
  std::string base64(static_cast<std::size_t>(base64_size(octets)) + 1, '\0');
  const int written = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(base64.data()),
                                      reinterpret_cast<const unsigned char*>(raw_.data()), static_cast<int>(octets));
  base64.resize(static_cast<std::size_t>(written));
  if (form_ == BodyForm::json) {
    ready_ = std::move(base64);
  } else {
    append_encoded(ready_, base64);
  }
}

}  // namespace mimeseal::aws
