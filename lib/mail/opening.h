// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "layers.h"
#include "mimeseal/core/spool.h"
#include "mimeseal/mail/open.h"

namespace mimeseal::mail {

/// Octets and the tree found in them.
struct Scanned {
  InputPtr input;
  PartIndex index;
};

/// A part of one of the inputs that a message turns out to hold.
struct Place {
  std::shared_ptr<const Scanned> scanned;
  const Part* part = nullptr;

  [[nodiscard]] const InputPtr& input() const noexcept { return scanned->input; }
  [[nodiscard]] Place at(const Part& other) const { return {scanned, &other}; }
};

/// Of errant layers past OpenSettings::max_layers.
inline constexpr const char* kTooManyLayers = "left closed: there are too many cryptographic layers";

/// What is shared while one message is opened: the settings, what is left of the limits, what was found wrong.
struct Opening {
  const OpenSettings& settings;
  std::uint64_t payload_left;
  std::uint32_t layers_left;
  std::vector<Problem> problems;
  /// PEM, by the path of the part: of parts that carry nothing else.
  std::vector<std::pair<std::string, std::string>> certificates;

  explicit Opening(const OpenSettings& chosen)
      : settings(chosen), payload_left(chosen.max_payload), layers_left(chosen.max_layers) {}

  /// Ready to use: what is wrong with its keys is thrown here, and never taken for a fault of the message.
  [[nodiscard]] Engine* engine(Protocol protocol) const;
  void add(std::string code, std::string path, std::string why);
  void add(const std::vector<Problem>& found);
  /// What the list of parts tells of bodies is found out while they are scanned.
  [[nodiscard]] ScanWork scan_work() const noexcept { return {true, settings.part_digests}; }
};

/// What a layer gives is taken off what all may give together, also when it fails halfway.
class Account {
 public:
  Account(Opening& opening, const Spool& spool) : opening_(opening), spool_(spool) {}
  Account(const Account&) = delete;
  Account& operator=(const Account&) = delete;
  ~Account() { opening_.payload_left -= std::min(spool_.size(), opening_.payload_left); }

 private:
  Opening& opening_;
  const Spool& spool_;
};

/// The root of what a scan found in the input.
[[nodiscard]] Place place_of(InputPtr input, PartIndex index);
/// Scans decrypted or unwrapped octets whose root is `path`.
[[nodiscard]] Place scan_place(InputPtr input, const Opening& opening, std::string path);

/// Layers that stand one directly in the other, and what they hold.
struct Chain {
  std::vector<OpenedLayer> layers;  ///< from the outside
  std::size_t envelope = 0;         ///< how many of them are the cryptographic envelope: those before a compression
  Place payload;                    ///< what the envelope holds (RFC 9787, 4.3)
  Place content;                    ///< what all layers hold, compression too
  bool released = true;             ///< false: nothing of what is inside may be given out
  Place withheld;                   ///< then: the part that stays closed
  std::size_t withheld_layer = 0;   ///< and the layer it is
  std::vector<Problem> inner;       ///< problems of what is inside; only for what is released
};

/// Takes the layers off, from the outside, at most as many as the limits allow. A start that is no layer gives a chain
/// without layers. Errant ones (RFC 9787, 4.5) are no envelope, and stay closed where the limit is reached; an envelope
/// past the limit is an Error(limit). `first` says what the start is when its own MIME does not.
[[nodiscard]] Chain peel(Opening& opening, const Place& start, bool errant = false,
                         std::optional<LayerForm> first = std::nullopt);

/// A signature that fits its octets, whoever made it: what releases the content of a cipher without integrity.
[[nodiscard]] bool fits(const LayerFacts& facts) noexcept;

}  // namespace mimeseal::mail
