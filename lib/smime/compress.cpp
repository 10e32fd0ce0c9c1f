// SPDX-License-Identifier: MIT
// CompressedData (RFC 3274). How long the compressed content is shows only at the end, so what it becomes waits in a
// spool: the size then stands in definite-length DER like everything else.
#include <zlib.h>

#include "mimeseal/core/spool.h"
#include "smime/algorithms.h"
#include "smime/der.h"
#include "smime/engine_impl.h"
#include "smime/stream.h"

namespace mimeseal::smime {
namespace {

/// zlib's deflate, in the zlib format that RFC 3274, section 1.1, asks for.
class Deflater final {
 public:
  explicit Deflater(Sink& out) : out_(out), buffer_(kChunk) {
    if (deflateInit(&stream_, Z_DEFAULT_COMPRESSION) != Z_OK) throw Error(Errc::internal, "zlib cannot be started");
  }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;
  ~Deflater() { deflateEnd(&stream_); }

  void write(std::string_view octets) { run(octets, Z_NO_FLUSH); }
  void finish() { run({}, Z_FINISH); }

 private:
  void run(std::string_view octets, int flush) {
    stream_.next_in = const_cast<Bytef*>(bytes(octets));  // zlib's type; it only reads
    stream_.avail_in = static_cast<uInt>(octets.size());
    do {
      stream_.next_out = bytes(buffer_.data());
      stream_.avail_out = static_cast<uInt>(buffer_.size());
      if (deflate(&stream_, flush) == Z_STREAM_ERROR) throw Error(Errc::internal, "zlib failed");
      out_.write({buffer_.data(), buffer_.size() - stream_.avail_out});
    } while (stream_.avail_out == 0);
  }

  Sink& out_;
  std::vector<char> buffer_;
  z_stream stream_{};
};

}  // namespace

void SmimeEngine::compress(Source& content, Sink& out) {
  Spool spool("compressed content");
  {
    Deflater deflater(spool);
    for_each_chunk(content, [&deflater](std::string_view octets) { deflater.write(octets); });
    deflater.finish();
  }
  const InputPtr compressed = spool.freeze();
  const NestedHeaders headers({{tag::kSequence, der_oid(NID_id_smime_ct_compressedData), {}},
                               {tag::constructed(0), {}, {}},
                               {tag::kSequence, der_integer(0) + plain_identifier(NID_zlib_compression), {}},
                               {tag::kSequence, der_oid(NID_pkcs7_data), {}},
                               {tag::constructed(0), {}, {}},
                               {tag::kOctetString, {}, {}}},
                              compressed->size());
  out.write(headers.before());
  copy(*slice(compressed), out);
}

}  // namespace mimeseal::smime
