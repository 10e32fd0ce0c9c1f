// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "mimeseal/core/source.h"

/// ASCII armour (RFC 9580, section 6). gpg is given what comes out of here, so that no two readers see two messages.
namespace mimeseal::pgp {

/// The words between "BEGIN PGP" and the dashes.
enum class ArmorType { none, message, signature, public_key, private_key, cleartext, other };

/// The CRC-24 of section 6.1.
class Crc24 {
 public:
  void update(std::string_view octets) noexcept;
  [[nodiscard]] std::uint32_t value() const noexcept { return value_; }

 private:
  std::uint32_t value_ = 0xB704CE;
};

/// Armoured or binary octets in, in any pieces; binary out. Text before the armour is skipped; what is wrong with the
/// armour is only said by fault(), since the octets before it are what they are.
class ArmorDecoder {
 public:
  /// Appends what comes out.
  void feed(std::string_view octets, std::string& out);
  void finish();

  /// Known as soon as an octet came out; `none` for binary (and for what is no OpenPGP at all, see found()).
  [[nodiscard]] ArmorType type() const noexcept { return type_; }
  /// Whether there was armour or a binary packet.
  [[nodiscard]] bool found() const noexcept { return state_ != State::start && state_ != State::preamble; }
  /// What is wrong with the armour, or empty. Complete after finish().
  [[nodiscard]] const std::string& fault() const noexcept { return fault_; }

 private:
  enum class State { start, preamble, binary, headers, body, after_body, after_checksum, tail, cleartext };

  void begin(std::string_view label);
  void line_done();
  [[nodiscard]] std::size_t body(std::string_view octets, std::string& out);
  void body_end(std::string& out, State next);
  void bad(const char* what);

  State state_ = State::start;
  ArmorType type_ = ArmorType::none;
  std::string fault_;
  std::string label_;
  std::string line_;  // the beginning of the present line; no line that means something is longer than it may grow
  bool line_begins_ = true;
  std::uint32_t quantum_ = 0;
  int digits_ = 0;
  int pads_ = 0;
  Crc24 crc_;
};

/// A Source of the binary octets.
class Dearmor final : public Source {
 public:
  explicit Dearmor(Source& from) : from_(from) {}
  std::size_t read(std::span<char> into) override;
  void rewind() override;
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return std::nullopt; }
  [[nodiscard]] ArmorType type() const noexcept { return decoder_.type(); }
  [[nodiscard]] bool found() const noexcept { return decoder_.found(); }
  /// Complete once read() gave 0.
  [[nodiscard]] const std::string& fault() const noexcept { return decoder_.fault(); }

 private:
  Source& from_;
  ArmorDecoder decoder_;
  std::string out_;
  std::size_t at_ = 0;
  bool ended_ = false;
};

/// Hands on binary octets, whether armour or binary comes in: a user's gpg.conf may ask for armour.
class DearmorSink final : public Sink {
 public:
  explicit DearmorSink(Sink& to) : to_(to) {}
  void write(std::string_view octets) override;

 private:
  Sink& to_;
  ArmorDecoder decoder_;
  std::string out_;
};

/// Binary in, armour out, its lines ended by CRLF. finish() writes the end; without it the armour is visibly cut.
class ArmorSink final : public Sink {
 public:
  ArmorSink(Sink& to, std::string label) : to_(to), label_(std::move(label)) {}
  void write(std::string_view octets) override;
  void finish();

 private:
  void lines(std::string_view octets);

  Sink& to_;
  std::string label_;
  bool begun_ = false;
  std::string pending_;
  std::string text_;
  Crc24 crc_;
};

/// All of it at once. `label`: "PGP SIGNATURE".
[[nodiscard]] std::string armor(std::string_view octets, std::string_view label);

}  // namespace mimeseal::pgp
