// SPDX-License-Identifier: MIT
// The scanner: one pass over the octets, a stack of open multiparts and messages, no recursion.
#include "mimeseal/mime/scan.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <map>
#include <optional>

#include "mime/body_meter.h"
#include "mime/boundary_set.h"
#include "mime/lexer.h"
#include "mime/line_facts.h"
#include "mime/part_facts.h"
#include "mime/problem_list.h"
#include "mime/scan_header.h"
#include "mime/scanner.h"
#include "mime/window.h"
#include "mimeseal/core/error.h"

namespace mimeseal {

namespace mime {

namespace {

// Whatever the caller allows: parts are destroyed by recursion, and paths grow with the depth.
constexpr std::uint32_t kDepthCeiling = 1000;

/// A multipart or message whose body is being read.
struct Frame {
  Part* part = nullptr;
  BodyKind kind;
  bool closed = false;  ///< its last boundary was seen: what follows is epilogue
};

/// A line that divides parts.
struct Delimiter {
  std::uint64_t begin = 0;
  std::size_t frame = 0;
  std::size_t boundary_size = 0;
};

/// How the lines of one part end: its header's and its own, the boundaries between its parts among them.
struct LineEnds {
  bool lf = false;
  bool crlf = false;
};

class Scanner {
 public:
  Scanner(const Input& input, std::uint64_t begin, std::uint64_t end, const ScanLimits& limits, std::size_t window_size,
          ScanWork work)
      : window_(input, begin, end, window_size), limits_(limits), work_(work), at_(begin) {
    limits_.max_depth = std::min(limits.max_depth, kDepthCeiling);
  }

  PartIndex run(std::string path);

 private:
  void begin_entity(Part* part, bool in_digest, bool message);
  void push(Part* part, BodyKind kind);
  [[nodiscard]] std::optional<Delimiter> next_delimiter();
  [[nodiscard]] bool scan_lines(std::string_view view, std::size_t wanted, std::size_t* used, LineFacts* lines,
                                std::optional<Delimiter>* found);
  void pass(const Delimiter& delimiter);
  void close_frames(std::size_t keep, std::uint64_t end);
  void report_header(const Part& part, const ScannedHeader& header);
  void report_lines(const Part& part, const LineFacts& lines);
  /// The line that was read last belongs to this part.
  void note_line_end(const Part& part) {
    (line_end_ == 1 ? line_ends_[part.path].lf : line_ends_[part.path].crlf) = true;
  }
  void report_line_ends(const std::string& root_path);
  [[nodiscard]] Part& innermost() noexcept { return leaf_ != nullptr ? *leaf_ : *frames_.back().part; }

  Window window_;
  ScanLimits limits_;
  ScanWork work_;
  std::uint64_t at_;
  std::uint64_t line_end_ = 0;     ///< length of the line end before at_
  std::uint64_t line_length_ = 0;  ///< octets of the line that is being read
  bool line_start_ = true;
  bool after_cr_ = false;
  std::vector<Frame> frames_;
  BoundarySet boundaries_;
  Part* leaf_ = nullptr;  ///< the open part that is no frame. Pointers hold: a part with open children gets no sibling
  std::optional<BodyMeter> meter_;  ///< of leaf_
  std::uint32_t parts_ = 0;
  HeaderBudget header_budget_;
  ProblemList problems_;
  std::map<std::string, LineEnds, std::less<>> line_ends_;  ///< by path
};

PartIndex Scanner::run(std::string path) {
  PartIndex index;
  index.root.path = std::move(path);
  begin_entity(&index.root, false, true);
  while (const std::optional<Delimiter> delimiter = next_delimiter())
    pass(*delimiter);
  close_frames(0, window_.end());
  index.root.body_end = window_.end();
  report_line_ends(index.root.path);
  index.problems = problems_.take();
  return index;
}

void Scanner::begin_entity(Part* part, bool in_digest, bool message) {
  for (;;) {
    if (++parts_ > limits_.max_parts) {
      throw Error(Errc::limit, "the message has more than " + std::to_string(limits_.max_parts) + " parts");
    }
    ScannedHeader header = scan_header(window_, at_, message, boundaries_, limits_, header_budget_);
    part->header_begin = header.begin;
    part->body_begin = header.end;
    part->fields = std::move(header.fields);
    at_ = header.end;
    if (header.line_end != 0) line_end_ = header.line_end;
    report_header(*part, header);
    BodyKind kind = read_part_facts(*part, in_digest, problems_);
    check_fields(*part, problems_);
    leaf_ = part;
    if (kind.kind == BodyKind::Kind::leaf) {
      if (work_.decode && BodyMeter::suits(*part)) meter_.emplace(work_.digests);
      return;
    }
    const bool holds_message = kind.kind == BodyKind::Kind::message;
    push(part, std::move(kind));
    if (!holds_message) return;
    part->children.emplace_back().path = part->path + ".1";
    part = &part->children.back();
    in_digest = false;
    message = true;
  }
}

void Scanner::push(Part* part, BodyKind kind) {
  if (frames_.size() >= limits_.max_depth) {
    throw Error(Errc::limit, "the message is nested deeper than " + std::to_string(limits_.max_depth) + " levels");
  }
  if (kind.kind == BodyKind::Kind::multipart) {
    if (boundaries_.clashes(kind.boundary)) {
      problems_.add("ambiguous-boundary", part->path, "the boundary begins like that of a multipart around it");
    }
    boundaries_.add(kind.boundary, frames_.size());
  }
  frames_.push_back({part, std::move(kind), false});
  leaf_ = nullptr;
}

/// Reads on to the next line that begins with an open boundary; at_ is then where that line begins.
std::optional<Delimiter> Scanner::next_delimiter() {
  LineFacts lines;
  std::optional<Delimiter> found;
  line_start_ = true;
  after_cr_ = false;
  line_length_ = 0;
  // Enough of a line to see "--", the longest boundary, and all of it in the window.
  const std::size_t wanted = boundaries_.longest() + 2;
  for (bool go_on = true; go_on;) {
    const std::string_view view = window_.at(at_, wanted);
    if (view.empty()) {
      // The end of an unfinished line counts as a line for its length alone.
      lines.longest = std::max(lines.longest, line_length_);
      break;
    }
    std::size_t used = 0;
    go_on = scan_lines(view, wanted, &used, &lines, &found);
    lines.look_at(view.substr(0, used));
    if (meter_) meter_->add(view.substr(0, used));
    at_ += used;
  }
  if (found && lines.lf + lines.crlf > 0) {
    // The line end before a boundary is the boundary's (RFC 2046, section 5.1.1).
    --(line_end_ == 1 ? lines.lf : lines.crlf);
    if (line_end_ == 2) --lines.cr;
    note_line_end(*frames_[found->frame].part);
  }
  report_lines(innermost(), lines);
  return found;
}

/// One windowful. False when a delimiter was found; *used octets are done with.
bool Scanner::scan_lines(std::string_view view, std::size_t wanted, std::size_t* used, LineFacts* lines,
                         std::optional<Delimiter>* found) {
  const bool whole = at_ + view.size() == window_.end();
  const bool dividing = !boundaries_.empty();
  std::size_t at = 0;
  while (at < view.size()) {
    if (line_start_ && dividing && view[at] == '-') {
      if (view.size() - at < wanted && !whole) break;  // more of this line is needed
      const std::string_view line = view.substr(at);
      const BoundarySet::Entry* entry = line.starts_with("--") ? boundaries_.longest_prefix(line.substr(2)) : nullptr;
      if (entry != nullptr) {
        *used = at;
        *found = Delimiter{at_ + at, entry->frame, entry->boundary.size()};
        return false;
      }
    }
    const auto* const line_feed = static_cast<const char*>(std::memchr(view.data() + at, '\n', view.size() - at));
    const std::size_t end = line_feed == nullptr ? view.size() : static_cast<std::size_t>(line_feed - view.data());
    line_length_ += end - at;
    if (line_feed == nullptr) {
      after_cr_ = view.back() == '\r';
      line_start_ = false;
      at = view.size();
      break;
    }
    const bool crlf = end > at ? view[end - 1] == '\r' : !line_start_ && after_cr_;
    lines->add_line(line_length_ - (crlf ? 1 : 0), crlf);
    line_end_ = crlf ? 2 : 1;
    line_length_ = 0;
    line_start_ = true;
    at = end + 1;
  }
  *used = at;
  return true;
}

/// Closes what the line ends, and begins what it begins.
void Scanner::pass(const Delimiter& delimiter) {
  const std::uint64_t parts_end = delimiter.begin - std::min(line_end_, delimiter.begin);
  close_frames(delimiter.frame + 1, parts_end);
  Frame& frame = frames_[delimiter.frame];

  at_ = delimiter.begin + 2 + delimiter.boundary_size;
  const bool last = window_.at(at_, 2).starts_with("--");
  if (last) at_ += 2;
  bool other_text = false;
  bool after_cr = false;
  for (bool ended = false; !ended;) {
    const std::string_view view = window_.at(at_, 1);
    if (view.empty()) break;
    const std::size_t line_feed = view.find('\n');
    ended = line_feed != std::string_view::npos;
    const std::string_view rest = view.substr(0, line_feed);
    for (const char c : rest) {
      if (after_cr || (c != '\r' && !is_blank(c))) other_text = true;
      after_cr = c == '\r';
    }
    if (ended) line_end_ = after_cr ? 2 : 1;
    at_ += ended ? line_feed + 1 : view.size();
    if (ended) note_line_end(*frame.part);
  }
  if (other_text) {
    problems_.add("ambiguous-boundary", frame.part->path, "a boundary line goes on with other text (RFC 2046, 5.1.1)");
  }
  if (last) {
    boundaries_.remove(frame.kind.boundary);
    frame.closed = true;
    return;
  }
  Part& parent = *frame.part;
  Part& child = parent.children.emplace_back();
  child.path = parent.path + "." + std::to_string(parent.children.size());
  begin_entity(&child, frame.kind.digest, false);
}

/// Ends the open part and all frames but the first `keep`, from the inside out.
void Scanner::close_frames(std::size_t keep, std::uint64_t end) {
  const auto close = [end](Part& part) {
    // An empty body shares its line end with the boundary: the boundary has it (RFC 2046, section 5.1.1).
    part.body_end = end;
    part.body_begin = std::min(part.body_begin, end);
    part.header_begin = std::min(part.header_begin, end);
  };
  if (leaf_ != nullptr) close(*leaf_);
  if (meter_) leaf_->decoded = meter_->finish();
  meter_.reset();
  leaf_ = nullptr;
  while (frames_.size() > keep) {
    Frame& frame = frames_.back();
    close(*frame.part);
    if (frame.kind.kind == BodyKind::Kind::multipart) {
      if (frame.part->children.empty()) {
        problems_.add("missing-parts", frame.part->path, "a multipart without a part");
      } else if (!frame.closed) {
        problems_.add("unclosed-multipart", frame.part->path, "the last boundary of a multipart is missing");
      }
      if (!frame.closed) boundaries_.remove(frame.kind.boundary);
    }
    frames_.pop_back();
  }
}

void Scanner::report_header(const Part& part, const ScannedHeader& header) {
  const auto report = [&](bool is_so, const char* code, const char* why) {
    if (is_so) problems_.add(code, part.path, why);
  };
  report(header.bad_line, "bad-header-line", "the header holds a line that is no field");
  // The message itself has a header, or is none.
  const bool no_message = header.no_header && part.path == "1";
  const bool only_text = header.no_header && part.path != "1";
  report(no_message, "bad-header-line", "the message begins with a line that is no field");
  report(only_text, "no-header", "the part begins with its text: there is no header, and no blank line either");
  // Only files hold mailboxes; inside a message such a line is odd.
  report(header.mbox_line && part.path != "1", "bad-header-line", "a \"From \" line stands before the header");
  report(header.blank_line, "blank-header-line", "the header holds a line of blanks, read as a folded line");
  report(header.blank_before_colon, "blank-before-colon", "blanks stand between a field's name and its colon");
  report(header.no_blank_line, "missing-blank-line", "no blank line ends the header");
  report_lines(part, header.lines);
}

void Scanner::report_lines(const Part& part, const LineFacts& lines) {
  if (part.transfer_encoding == "binary") return;  // not known yet for a header
  if (lines.nul) problems_.add("nul", part.path, "there are NUL octets");
  if (lines.cr > lines.crlf) problems_.add("bare-cr", part.path, "there are CR octets without LF");
  if (lines.longest > kMaxLineOctets) problems_.add("overlong-line", part.path, "a line is longer than 998 octets");
  if (lines.lf + lines.crlf == 0 || part.transfer_encoding == "base64") return;  // whose decoder passes line ends over
  LineEnds& ends = line_ends_[part.path];
  ends.lf = ends.lf || lines.lf > 0;
  ends.crlf = ends.crlf || lines.crlf > 0;
}

/// LF throughout a part is how files are kept on some systems, and how some tools write what is around a signed part
/// that they give CRLF; both in one part can be read in two ways.
void Scanner::report_line_ends(const std::string& root_path) {
  const bool no_crlf = std::ranges::none_of(line_ends_, [](const auto& entry) { return entry.second.crlf; });
  const bool any_lf = std::ranges::any_of(line_ends_, [](const auto& entry) { return entry.second.lf; });
  if (no_crlf && any_lf) {
    problems_.add("lf-line-ends", root_path, "all lines end in LF alone");
    return;
  }
  for (const auto& [path, ends] : line_ends_) {
    if (!ends.lf) continue;
    if (ends.crlf) {
      problems_.add("bare-lf", path, "lines end in LF alone, others in CRLF");
    } else {
      problems_.add("lf-line-ends", path, "all lines of the part end in LF alone");
    }
  }
}

}  // namespace

PartIndex scan_through(const Input& input, std::uint64_t begin, std::uint64_t end, const ScanLimits& limits,
                       std::string path, std::size_t window_size, ScanWork work) {
  end = std::min(end, input.size());
  begin = std::min(begin, end);
  try {
    return Scanner(input, begin, end, limits, window_size, work).run(std::move(path));
  } catch (Error& error) {
    if (error.where().empty()) error.with_where(input.name());
    throw;
  }
}

}  // namespace mime

PartIndex scan(const Input& input, std::uint64_t begin, std::uint64_t end, const ScanLimits& limits, std::string path,
               ScanWork work) {
  return mime::scan_through(input, begin, end, limits, std::move(path), mime::Window::kSize, work);
}

PartIndex scan(const Input& input, const ScanLimits& limits) {
  return scan(input, 0, input.size(), limits);
}

const Part* find_part(const Part& root, std::string_view path) noexcept {
  if (!path.starts_with(root.path)) return nullptr;
  const Part* part = &root;
  path.remove_prefix(root.path.size());
  while (!path.empty()) {
    if (path.front() != '.') return nullptr;
    path.remove_prefix(1);
    std::size_t number = 0;
    std::size_t digits = 0;
    while (digits < path.size() && digits < 9 && mime::is_digit(path[digits])) {
      number = number * 10 + static_cast<std::size_t>(path[digits++] - '0');
    }
    if (digits == 0 || path.front() == '0' || number > part->children.size()) return nullptr;
    part = &part->children[number - 1];
    path.remove_prefix(digits);
  }
  return part;
}

}  // namespace mimeseal
