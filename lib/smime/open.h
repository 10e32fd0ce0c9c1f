// SPDX-License-Identifier: MIT
#pragma once

/// Opening CMS (RFC 5652) layer by layer: what is inside decides, not what was claimed. open.cpp dispatches; one file
/// for each form walks its structure with BerReader while the content streams past.

#include <cstdint>
#include <string>
#include <string_view>

#include "smime/ber.h"
#include "smime/engine_impl.h"
#include "smime/verify.h"

namespace mimeseal::smime {

namespace oid {
inline constexpr std::string_view kData = "1.2.840.113549.1.7.1";
inline constexpr std::string_view kSignedData = "1.2.840.113549.1.7.2";
inline constexpr std::string_view kEnvelopedData = "1.2.840.113549.1.7.3";
inline constexpr std::string_view kDigestedData = "1.2.840.113549.1.7.5";
inline constexpr std::string_view kEncryptedData = "1.2.840.113549.1.7.6";
inline constexpr std::string_view kAuthData = "1.2.840.113549.1.9.16.1.2";
inline constexpr std::string_view kCompressedData = "1.2.840.113549.1.9.16.1.9";
inline constexpr std::string_view kAuthEnvelopedData = "1.2.840.113549.1.9.16.1.23";
inline constexpr std::string_view kZlib = "1.2.840.113549.1.9.16.3.8";
}  // namespace oid

/// Passes octets on, up to OpenSpec::max_output; Error(limit) past it.
class BoundedSink final : public Sink {
 public:
  BoundedSink(Sink& out, std::uint64_t limit) : out_(out), limit_(limit) {}
  void write(std::string_view octets) override;
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

 private:
  Sink& out_;
  std::uint64_t limit_;
  std::uint64_t count_ = 0;
};

/// What the walkers of the forms share.
struct Opening {
  const EngineState& state;
  const OpenSpec& spec;
  LayerFacts& facts;
};

/// Into ContentInfo and its content; gives the content type. Throws Error(malformed) when it is not CMS at all.
[[nodiscard]] std::string enter_content_info(BerReader& reader);
/// Out of ContentInfo; Error(malformed) when something follows.
void leave_content_info(BerReader& reader);
/// Copies the next element and gives it as an OBJECT IDENTIFIER, dotted.
[[nodiscard]] std::string read_oid(BerReader& reader, const char* what);
[[nodiscard]] X509AlgorPtr read_algorithm(BerReader& reader, const char* what);
/// version, which must be one of `allowed`.
void read_version(BerReader& reader, std::initializer_list<int> allowed);

/// The layer is not what it should be: bad, and no fact says otherwise.
void condemn(LayerFacts& facts, const std::string& why);

/// A SignedData behind enter_content_info(). `on_content` gets the eContent's octets; digestAlgorithms are announced to
/// `on_digest` first.
[[nodiscard]] SignedData walk_signed_data(BerReader& reader, const std::function<void(const std::string&)>& on_digest,
                                          const OctetConsumer& on_content, LayerFacts& facts);

void open_signed(BerReader& reader, Source& layer, Sink& out, const Opening& opening);
void open_enveloped(BerReader& reader, Source& layer, Sink& out, bool authenticated, const Opening& opening);
void open_compressed(BerReader& reader, Sink& out, const Opening& opening);

}  // namespace mimeseal::smime
