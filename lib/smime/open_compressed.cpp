// SPDX-License-Identifier: MIT
#include <algorithm>
#include <utility>

#define ZLIB_CONST  // next_in is only read
#include <zlib.h>

#include "smime/open.h"

namespace mimeseal::smime {
namespace {

/// Mail shrinks to a tenth, not to a thousandth. Past this much output a higher ratio is a bomb.
constexpr std::uint64_t kMaxRatio = 100;
constexpr std::uint64_t kRatioFreeOutput = std::uint64_t{64} << 20U;
constexpr std::size_t kChunk = std::size_t{64} * 1024;

class Inflater final {
 public:
  explicit Inflater(BoundedSink& out) : out_(out), buffer_(kChunk, '\0') {
    if (inflateInit(&stream_) != Z_OK) throw Error(Errc::internal, "zlib cannot be started");
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { inflateEnd(&stream_); }

  void update(std::string_view octets) {
    taken_ += octets.size();
    stream_.next_in = bytes(octets);
    stream_.avail_in = static_cast<uInt>(octets.size());
    while (stream_.avail_in > 0 || full_) {
      if (ended_) throw Error(Errc::malformed, "something follows after the end of the compressed content");
      stream_.next_out = bytes(buffer_);
      stream_.avail_out = static_cast<uInt>(buffer_.size());
      const int status = inflate(&stream_, Z_NO_FLUSH);
      if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) {
        throw Error(Errc::malformed, "the compressed content is damaged");
      }
      full_ = stream_.avail_out == 0;
      out_.write(std::string_view(buffer_).substr(0, buffer_.size() - stream_.avail_out));
      ended_ = status == Z_STREAM_END;
      if (ended_) full_ = false;
      if (out_.count() > kRatioFreeOutput && out_.count() / kMaxRatio > taken_) {
        throw Error(Errc::limit,
                    "the compressed content unpacks to more than " + std::to_string(kMaxRatio) + " times its size");
      }
    }
  }
  [[nodiscard]] bool ended() const noexcept { return ended_; }

 private:
  BoundedSink& out_;
  std::string buffer_;
  z_stream stream_{};
  std::uint64_t taken_ = 0;
  bool full_ = false;
  bool ended_ = false;
};

}  // namespace

/// CompressedData (RFC 3274, section 1.1).
void open_compressed(BerReader& reader, Sink& out, const Opening& opening) {
  LayerFacts& facts = opening.facts;
  reader.enter(kBerSequence, "the CompressedData");
  read_version(reader, {0});
  const X509AlgorPtr algorithm = read_algorithm(reader, "compressionAlgorithm");
  const ASN1_OBJECT* const compression = asn1::object_of(algorithm.get());
  if (asn1::oid_of(compression) != oid::kZlib) {
    facts.why = "the content is compressed with " + asn1::oid_name(compression) + ", which is not known here";
    return;
  }
  reader.enter(kBerSequence, "encapContentInfo");
  if (const std::string type = read_oid(reader, "eContentType"); type != oid::kData) {
    facts.why = "the compressed content is no mail but " + asn1::oid_name(type);
    return;
  }
  reader.enter(ber_context(0), "eContent");
  BoundedSink bounded(out, opening.spec.max_output);
  Inflater inflater(bounded);
  reader.read_octets(
      kBerOctetString, [&inflater](std::string_view octets) { inflater.update(octets); }, "eContent");
  reader.leave("eContent");
  reader.leave("encapContentInfo");
  reader.leave("the CompressedData");
  leave_content_info(reader);
  if (!inflater.ended()) throw Error(Errc::malformed, "the compressed content breaks off");
  facts.result = LayerResult::good;
}

}  // namespace mimeseal::smime
