// SPDX-License-Identifier: MIT
#include "mime/boundary_set.h"

#include <algorithm>

namespace mimeseal::mime {

namespace {

[[nodiscard]] std::size_t common_prefix(std::string_view a, std::string_view b) noexcept {
  const auto differ = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  return static_cast<std::size_t>(differ.first - a.begin());
}

}  // namespace

void BoundarySet::add(std::string boundary, std::size_t frame) {
  longest_ = std::max(longest_, boundary.size());
  const auto place = std::lower_bound(entries_.begin(), entries_.end(), boundary,
                                      [](const Entry& e, const std::string& b) { return e.boundary < b; });
  if (place != entries_.end() && place->boundary == boundary) {
    place->outer.push_back(place->frame);
    place->frame = frame;
    return;
  }
  const auto at = static_cast<std::size_t>(place - entries_.begin());
  Entry entry;
  entry.boundary = std::move(boundary);
  entry.frame = frame;
  // In sorted order the prefixes of an entry are on the chain of the entry before it.
  entry.shorter = at == 0 ? kNone : at - 1;
  while (entry.shorter != kNone && !entry.boundary.starts_with(entries_[entry.shorter].boundary)) {
    entry.shorter = entries_[entry.shorter].shorter;
  }
  const std::size_t parent = entry.shorter;
  for (Entry& other : entries_) {
    if (other.shorter != kNone && other.shorter >= at) ++other.shorter;
  }
  entries_.insert(place, std::move(entry));
  for (std::size_t i = at + 1; i < entries_.size() && entries_[i].boundary.starts_with(entries_[at].boundary); ++i) {
    if (entries_[i].shorter == parent) entries_[i].shorter = at;
  }
}

void BoundarySet::remove(std::string_view boundary) {
  const auto place = std::lower_bound(entries_.begin(), entries_.end(), boundary,
                                      [](const Entry& e, std::string_view b) { return e.boundary < b; });
  if (place == entries_.end() || place->boundary != boundary) return;
  if (!place->outer.empty()) {
    place->frame = place->outer.back();
    place->outer.pop_back();
    return;
  }
  const auto at = static_cast<std::size_t>(place - entries_.begin());
  const std::size_t parent = place->shorter;
  entries_.erase(place);
  for (Entry& other : entries_) {
    if (other.shorter == at) {
      other.shorter = parent;
    } else if (other.shorter != kNone && other.shorter > at) {
      --other.shorter;
    }
  }
}

const BoundarySet::Entry* BoundarySet::longest_prefix(std::string_view line) const noexcept {
  const auto after = std::upper_bound(entries_.begin(), entries_.end(), line,
                                      [](std::string_view l, const Entry& e) { return l < e.boundary; });
  if (after == entries_.begin()) return nullptr;
  auto at = static_cast<std::size_t>(after - entries_.begin()) - 1;
  const std::size_t shared = common_prefix(line, entries_[at].boundary);
  while (at != kNone && entries_[at].boundary.size() > shared)
    at = entries_[at].shorter;
  return at == kNone ? nullptr : &entries_[at];
}

bool BoundarySet::clashes(std::string_view boundary) const noexcept {
  if (longest_prefix(boundary) != nullptr) return true;
  const auto place = std::lower_bound(entries_.begin(), entries_.end(), boundary,
                                      [](const Entry& e, std::string_view b) { return e.boundary < b; });
  return place != entries_.end() && place->boundary.starts_with(boundary);
}

}  // namespace mimeseal::mime
