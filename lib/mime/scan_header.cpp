// SPDX-License-Identifier: MIT
#include "mime/scan_header.h"

#include <algorithm>
#include <cstring>

#include "mime/lexer.h"
#include "mime/parameters.h"
#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"

namespace mimeseal::mime {

namespace {

/// The separator line of a mailbox file; "From : a@b" is a field in obsolete syntax, and other readers take it for one.
bool is_mbox_line(std::string_view line) {
  if (line.starts_with('>')) line.remove_prefix(1);
  return line.starts_with("From ") && !trim(line.substr(5)).starts_with(':');
}

/// The field name that a line begins with, or empty when it is no field.
std::string_view name_of(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return {};
  std::size_t size = colon;
  while (size > 0 && is_blank(line[size - 1]))
    --size;
  const std::string_view name = line.substr(0, size);
  const bool well_formed = std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 0x7f; });
  return well_formed ? name : std::string_view();
}

class HeaderScan {
 public:
  HeaderScan(Window& window, std::uint64_t at, const BoundarySet& boundaries, const ScanLimits& limits,
             HeaderBudget& budget)
      : window_(window), boundaries_(boundaries), limits_(limits), budget_(budget), at_(at) {
    header_.begin = at;
  }

  ScannedHeader read(bool message);

 private:
  [[nodiscard]] bool read_line();
  [[nodiscard]] bool at_boundary();
  [[nodiscard]] bool is_own_boundary();
  void continue_field();
  [[nodiscard]] bool begin_field();
  [[nodiscard]] bool fields_follow();
  void end_at(std::uint64_t offset) { header_.end = offset; }

  Window& window_;
  const BoundarySet& boundaries_;
  const ScanLimits& limits_;
  HeaderBudget& budget_;
  std::uint64_t at_;
  ScannedHeader header_;
  std::string line_;       ///< without its end
  bool skipping_ = false;  ///< the last line was no field: its continuations go with it
  bool knows_own_boundary_ = false;
  std::string own_boundary_;
};

ScannedHeader HeaderScan::read(bool message) {
  bool first = true;
  for (;;) {
    const std::uint64_t line_begin = at_;
    if (at_boundary()) {
      header_.no_blank_line = !first;
      end_at(line_begin);
      break;
    }
    const std::uint64_t line_end_before = header_.line_end;
    if (!read_line() || line_.empty()) {  // the end, or the blank line
      end_at(at_);
      break;
    }
    if (first && message && is_mbox_line(line_)) {
      header_.begin = at_;
      header_.mbox_line = true;
      message = false;
      continue;
    }
    if (is_blank(line_.front()) && !first) {
      continue_field();
    } else if (is_blank(line_.front()) || !begin_field()) {
      header_.no_header = first && !line_.starts_with(' ') && !fields_follow();
      header_.bad_line = !header_.no_header;
      const bool own = !first && is_own_boundary();
      if (first || own) {
        header_.no_blank_line = own;
        header_.line_end = line_end_before;
        end_at(line_begin);
        break;
      }
      skipping_ = true;
    }
    first = false;
    if (at_ - header_.begin > limits_.max_header_bytes) {
      throw Error(Errc::limit, "a header is longer than " + std::to_string(limits_.max_header_bytes) + " octets");
    }
  }
  return std::move(header_);
}

bool HeaderScan::read_line() {
  line_.clear();
  bool ended = false;
  while (!ended) {
    const std::string_view view = window_.at(at_, 1);
    if (view.empty()) break;
    const auto* const found = static_cast<const char*>(std::memchr(view.data(), '\n', view.size()));
    ended = found != nullptr;
    const std::size_t size = ended ? static_cast<std::size_t>(found - view.data()) + 1 : view.size();
    if (line_.size() + size > limits_.max_line + 2) {
      throw Error(Errc::limit, "a header line is longer than " + std::to_string(limits_.max_line) + " octets");
    }
    line_.append(view.data(), size);
    at_ += size;
  }
  if (line_.empty()) return false;
  budget_.spend(line_.size());
  header_.lines.look_at(line_);
  if (ended) {
    line_.pop_back();
    const bool crlf = line_.ends_with('\r');
    if (crlf) line_.pop_back();
    header_.line_end = crlf ? 2 : 1;
    header_.lines.add_line(line_.size(), crlf);
  }
  return true;
}

bool HeaderScan::at_boundary() {
  if (boundaries_.empty()) return false;
  const std::string_view view = window_.at(at_, boundaries_.longest() + 2);
  return view.starts_with("--") && boundaries_.longest_prefix(view.substr(2)) != nullptr;
}

/// The entity's own first boundary where the blank line is missing.
bool HeaderScan::is_own_boundary() {
  if (!line_.starts_with("--")) return false;
  if (!knows_own_boundary_) {
    const HeaderField* type = find_field(header_.fields, "Content-Type");
    if (type == nullptr) return false;
    knows_own_boundary_ = true;
    if (!parse_with_boundary(type->raw, &own_boundary_).value.starts_with("multipart/")) own_boundary_.clear();
  }
  return !own_boundary_.empty() && std::string_view(line_).substr(2).starts_with(own_boundary_);
}

void HeaderScan::continue_field() {
  if (trim(line_).empty()) header_.blank_line = true;
  if (skipping_ || header_.fields.empty()) return;
  // As on the wire, whatever the line ends here are.
  header_.fields.back().raw.append("\r\n").append(line_);
}

/// Whether a reader who passes over the first line would find fields after it, before the next blank line.
bool HeaderScan::fields_follow() {
  constexpr std::size_t kFar = 8192;
  std::string_view rest = window_.at(at_, kFar).substr(0, kFar);
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = trim(rest.substr(0, end));
    if (line.empty() || line.starts_with("--")) return false;
    if (!name_of(line).empty()) return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

bool HeaderScan::begin_field() {
  const std::string_view name = name_of(line_);
  if (name.empty()) return false;
  const std::size_t name_size = name.size();
  const std::size_t colon = line_.find(':');
  if (name_size != colon) header_.blank_before_colon = true;
  if (header_.fields.size() >= limits_.max_header_fields) {
    throw Error(Errc::limit, "a header has more than " + std::to_string(limits_.max_header_fields) + " fields");
  }
  budget_.spend(sizeof(HeaderField));
  header_.fields.push_back({std::string(name), line_.substr(colon + 1)});
  skipping_ = false;
  return true;
}

}  // namespace

void HeaderBudget::spend(std::uint64_t octets) {
  spent_ += octets;
  if (spent_ > kTotal)
    throw Error(Errc::limit, "the headers together are longer than " + std::to_string(kTotal) + " octets");
}

ScannedHeader scan_header(Window& window, std::uint64_t at, bool message, const BoundarySet& boundaries,
                          const ScanLimits& limits, HeaderBudget& budget) {
  return HeaderScan(window, at, boundaries, limits, budget).read(message);
}

}  // namespace mimeseal::mime
