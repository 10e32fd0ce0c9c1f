// SPDX-License-Identifier: MIT
#include "support/fuzz_scan.h"

#include <cstdlib>
#include <utility>
#include <vector>

#include "mime/scanner.h"
#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"
#include "mimeseal/mime/scan.h"

namespace mimeseal::test {

namespace {

void require(bool promise) {
  if (!promise) std::abort();
}

void check_part(const Part& root, const Part& part) {
  require(part.header_begin <= part.body_begin && part.body_begin <= part.body_end);
  require(find_part(root, part.path) == &part);
  require(is_utf8(part.filename) && is_utf8(part.content_id));
  for (const auto& [name, value] : part.content_type.parameters)
    require(is_utf8(name) && is_utf8(value));
  for (const HeaderField& field : part.fields) {
    require(is_utf8(field.decoded()));
    require(field.wire().ends_with("\r\n"));
  }
  std::uint64_t last = part.body_begin;
  for (const Part& child : part.children) {
    require(child.header_begin >= last && child.body_end <= part.body_end);
    last = child.body_end;
  }
}

bool same(const Part& a, const Part& b) {
  return a.header_begin == b.header_begin && a.body_begin == b.body_begin && a.body_end == b.body_end &&
         a.fields == b.fields && a.content_type == b.content_type && a.children.size() == b.children.size();
}

/// An input whose size nobody knows yet.
class Growing final : public Input {
 public:
  explicit Growing(const Input& input) : input_(input) {}
  [[nodiscard]] std::uint64_t size() const noexcept override { return UINT64_MAX; }
  std::size_t read_at(std::uint64_t offset, std::span<char> into) const override {
    return input_.read_at(offset, into);
  }
  [[nodiscard]] const std::string& name() const noexcept override { return input_.name(); }

 private:
  const Input& input_;
};

/// What was found out about a body while it was scanned is what decoding it gives.
void check_decoded(const InputPtr& input, const Part& part) {
  if (!part.decoded) return;
  std::vector<Problem> problems;
  const std::string body = read_all(*decoded_body(input, part, &problems));
  require(part.decoded->size == body.size() && part.decoded->clean == problems.empty());
  Sha256 digest;
  digest.update(body);
  require(part.decoded->sha256 == hex(digest.finish()));
}

/// A window that is moved at every octet finds the same as one that holds everything, also where the end is not known.
void check_small_window(const InputPtr& input, const PartIndex& index) {
  const PartIndex other = mime::scan_through(Growing(*input), 0, UINT64_MAX, {}, "1", 1, {true, true});
  require(other.problems == index.problems);
  std::vector<std::pair<const Part*, const Part*>> open = {{&index.root, &other.root}};
  while (!open.empty()) {
    const auto [a, b] = open.back();
    open.pop_back();
    require(same(*a, *b));
    check_decoded(input, *b);
    for (std::size_t i = 0; i < a->children.size(); ++i)
      open.emplace_back(&a->children[i], &b->children[i]);
  }
}

}  // namespace

void scan_and_check(std::string_view message) try {
  const InputPtr input = memory_input(std::string(message));
  const PartIndex index = scan(*input);
  check_small_window(input, index);
  std::vector<const Part*> open = {&index.root};
  while (!open.empty()) {
    const Part& part = *open.back();
    open.pop_back();
    check_part(index.root, part);
    for (const Part& child : part.children)
      open.push_back(&child);
    std::vector<Problem> problems;
    require(is_utf8(decoded_text(input, part, 10'000, &problems)));
    const auto body = decoded_body(input, part);
    const std::string first = read_all(*body);
    body->rewind();
    require(read_all(*body) == first);
  }
  for (const Problem& problem : index.problems) {
    require(find_part(index.root, problem.path) != nullptr && is_utf8(problem.why));
  }
} catch (const Error& error) {
  require(error.code() == Errc::limit);
}

void read_header_and_check(std::string_view value) {
  require(is_utf8(decode_words(value)));
  for (const auto& [name, text] : parse_parameterized(value).parameters)
    require(is_utf8(name) && is_utf8(text));
  const AddressList list = parse_address_list(value);
  for (const Mailbox& mailbox : list.mailboxes) {
    require(is_utf8(mailbox.name()) && !has_crlf_or_nul(mailbox.name()) && !has_crlf_or_nul(mailbox.address()));
    require(Mailbox::make(mailbox.name(), mailbox.address()) == mailbox);
    require(same_address(mailbox.address(), mailbox.address()));
    // What goes on the wire names the same mailbox.
    if (const auto wire = mailbox.wire_address()) require(same_address(*wire, mailbox.address()));
  }
  (void)parse_date(value);
  const std::size_t colon = value.find(':');
  if (colon == std::string_view::npos) return;
  if (const auto text = charset_to_utf8(value.substr(colon + 1), value.substr(0, colon))) require(is_utf8(*text));
}

}  // namespace mimeseal::test
