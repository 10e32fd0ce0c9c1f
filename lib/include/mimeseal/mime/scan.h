// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mimeseal/core/source.h"
#include "mimeseal/mime/header.h"

namespace mimeseal {

struct ScanLimits {
  std::uint32_t max_depth = 64;  ///< nesting of multipart and message/rfc822
  std::uint32_t max_parts = 10'000;
  std::uint64_t max_header_bytes = 1U << 20U;  ///< of one entity
  std::uint32_t max_header_fields = 2'000;
  std::uint64_t max_line = 1U << 20U;  ///< octets in a header line; body lines may be longer
};

/// Something in a message that is wrong, or that two readers could read differently.
struct Problem {
  std::string code;  ///< a closed list, docs/problems.md: "duplicate-from", "bare-lf", "bad-base64", …
  std::string path;
  std::string why;
  friend bool operator==(const Problem&, const Problem&) = default;
};

/// Whether a problem of that code means that two readers could read the message differently: such a message cannot
/// be `good`. True for every code but the few that docs/problems.md calls harmless.
[[nodiscard]] MIMESEAL_API bool is_ambiguous(std::string_view problem_code) noexcept;

/// What a body holds once its transfer encoding is undone.
struct DecodedFacts {
  std::uint64_t size = 0;
  bool clean = true;   ///< the encoding is as it should be
  std::string sha256;  ///< hex; empty unless it was asked for
};

/// What a scan finds out about bodies in base64, since it sees their octets anyway; S/MIME layers are left out.
struct ScanWork {
  bool decode = false;
  bool digests = false;  ///< SHA-256 of what is decoded
};

/// One entity of a message by its place: offsets into the Input. Paths as in the report: "1" is the message's body,
/// "1.2" its second part.
struct Part {
  std::string path;
  std::uint64_t header_begin = 0;   ///< first octet of its header
  std::uint64_t body_begin = 0;     ///< after the blank line
  std::uint64_t body_end = 0;       ///< before the CRLF that belongs to the boundary (RFC 2046, 5.1.1)
  HeaderFields fields;              ///< all of them, in order; for the root: the message's own header
  ParameterizedValue content_type;  ///< the default where there is none or it cannot be read (RFC 2045, 5.2)
  ParameterizedValue disposition;
  std::string transfer_encoding;  ///< lower case; "7bit" where there is none
  std::string filename;  ///< from Content-Disposition, else the type's name parameter; UTF-8, as the sender wrote it
  std::string content_id;
  std::optional<DecodedFacts> decoded;  ///< where ScanWork asked for it
  std::vector<Part> children;           ///< of multipart/*, or the one message of message/rfc822

  [[nodiscard]] bool is_multipart() const noexcept { return content_type.value.starts_with("multipart/"); }
};

/// The tree of a message. Recursion-free; bounded time (linear in the octets) and memory (in the number of parts).
struct PartIndex {
  Part root;
  std::vector<Problem> problems;
};

/// Scans octets [begin, end) of the Input as a message or entity whose root path is `path`. Lenient: what cannot be
/// read well becomes a Problem. Throws Error(limit) past a limit, Error(io).
[[nodiscard]] MIMESEAL_API PartIndex scan(const Input& input, std::uint64_t begin, std::uint64_t end,
                                          const ScanLimits& limits = {}, std::string path = "1", ScanWork work = {});
[[nodiscard]] MIMESEAL_API PartIndex scan(const Input& input, const ScanLimits& limits = {});

/// The part of that path, or null.
[[nodiscard]] MIMESEAL_API const Part* find_part(const Part& root, std::string_view path) noexcept;

/// The body decoded from its transfer encoding as a Source (rewinds; streams). Unknown encodings are given as they are.
/// Problems met on the way (bad base64, …) are appended to *problems when not null, once, at the end of the first pass.
[[nodiscard]] MIMESEAL_API std::unique_ptr<Source> decoded_body(InputPtr input, const Part& part,
                                                                std::vector<Problem>* problems = nullptr);
/// A text part's content as UTF-8 with LF line ends, at most `limit` octets of it (then cut, with a problem).
[[nodiscard]] MIMESEAL_API std::string decoded_text(const InputPtr& input, const Part& part, std::uint64_t limit,
                                                    std::vector<Problem>* problems = nullptr);

/// Decoders over any Source (RFC 2045, 6.7 and 6.8), lenient, streaming.
[[nodiscard]] MIMESEAL_API std::unique_ptr<Source> base64_decoder(std::unique_ptr<Source> from);
[[nodiscard]] MIMESEAL_API std::unique_ptr<Source> quoted_printable_decoder(std::unique_ptr<Source> from);

}  // namespace mimeseal
