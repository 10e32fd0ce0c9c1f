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

/// Armoured or binary octets in, binary out. Text before the armour is skipped; what is wrong with the armour is only
/// said by fault(), since the octets before it are what they are.
class Dearmor final : public Source {
 public:
  explicit Dearmor(Source& from) : from_(from) {}
  std::size_t read(std::span<char> into) override;
  void rewind() override;
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return std::nullopt; }

  /// Known as soon as the first octet was read; `none` for binary (and for what is no OpenPGP at all, see found()).
  [[nodiscard]] ArmorType type() const noexcept { return type_; }
  /// Whether there was armour or a binary packet.
  [[nodiscard]] bool found() const noexcept { return state_ != State::start && state_ != State::preamble; }
  /// What is wrong with the armour, or empty. Complete once read() gave 0.
  [[nodiscard]] const std::string& fault() const noexcept { return fault_; }

 private:
  enum class State { start, preamble, binary, headers, body, padding, checksum, tail, done };

  bool fill();
  void begin(std::string_view label);
  void line_done();
  void body_octet(unsigned char c);
  void bad(const char* what);
  void close_quantum();

  Source& from_;
  State state_ = State::start;
  ArmorType type_ = ArmorType::none;
  std::string fault_;
  std::array<char, 65536> in_;
  std::size_t in_begin_ = 0;
  std::size_t in_end_ = 0;
  bool at_end_ = false;
  std::string out_;
  std::size_t out_begin_ = 0;
  std::string line_;  // the start of the present line
  bool line_begin_ = true;
  std::uint32_t quantum_ = 0;
  int digits_ = 0;
  int pads_ = 0;
  Crc24 crc_;
  std::string label_;
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
