// SPDX-License-Identifier: MIT
#include "binding.h"

#include <algorithm>
#include <array>

#include "mimeseal/core/text.h"

namespace mimeseal::mail {
namespace {

/// Problems that this module reports and that leave no doubt about what a message says (docs/problems.md).
constexpr std::array<std::string_view, 18> kHarmless = {"inline-pgp",
                                                        "displaced-pgp",
                                                        "withheld",
                                                        "unauthenticated",
                                                        "from-mismatch",
                                                        "signed-ciphertext",
                                                        "hp-clear-encrypted",
                                                        "hp-outer-misplaced",
                                                        "hp-cipher-unencrypted",
                                                        "mailing-list-footer",
                                                        "pgp-version",
                                                        "layer-limit",
                                                        "bad-cms",
                                                        "bad-pgp",
                                                        "signed-parts",
                                                        "signed-protocol",
                                                        "encrypted-parts",
                                                        "signed-at"};

bool is_below(const std::string& path, const std::string& root) {
  return path.empty() || path == root ||
         (path.size() > root.size() && path.starts_with(root) && path[root.size()] == '.');
}

bool vouches_for(const SignerFacts& signer, const std::string& address) {
  return std::ranges::any_of(signer.addresses, [&](const std::string& own) { return same_address(own, address); });
}

void explain(SignerFacts& signer, const Binding& from, const Problem* doubt) {
  if (!signer.why.empty()) return;
  if (doubt != nullptr) {
    signer.why = "two readers could read this message differently: " + doubt->why;
  } else if (from.address.empty()) {
    signer.why = from.why;
  } else {
    signer.why = "the signer is " + (signer.addresses.empty() ? "without an address" : join(signer.addresses, ", ")) +
                 ", but the message is from " + from.address;
  }
}

}  // namespace

Binding bind_from(const HeaderFields& fields) {
  Binding out;
  const std::size_t count = count_fields(fields, "From");
  if (count != 1) {
    out.why = count == 0 ? "there is no From field" : "there are " + std::to_string(count) + " From fields";
    return out;
  }
  const AddressList list = parse_address_list(find_field(fields, "From")->value());
  if (list.mailboxes.size() != 1 || !list.groups.empty()) {
    out.why = "From names " + std::to_string(list.mailboxes.size()) + " mailboxes" +
              (list.groups.empty() ? "" : " and a group");
  } else if (!list.problems.empty()) {
    out.why = "From can be read in several ways: " + list.problems.front();
  } else {
    out.address = list.mailboxes.front().address();
  }
  return out;
}

const Problem* ambiguity(const std::vector<Problem>& problems, const std::string& path,
                         const std::vector<std::string>& forwarded) {
  const auto is_harmless = [](const Problem& problem) {
    // KMail has for years given multiparts inside its layers an encoding that they do not have: no reader takes it for
    // something else.
    if (problem.code == "encoded-multipart" && problem.path != "1") return true;
    // Who delivers a message puts lines of his own before it, with the line ends of his system, and the lines between
    // header and parts nobody shows.
    if (problem.code == "bare-lf" && problem.path == "1") return true;
    return !is_ambiguous(problem.code) || std::ranges::find(kHarmless, problem.code) != kHarmless.end();
  };
  const auto found = std::ranges::find_if(problems, [&](const Problem& problem) {
    return !is_harmless(problem) && is_below(problem.path, path) &&
           std::ranges::none_of(forwarded, [&](const std::string& inner) { return is_below(problem.path, inner); });
  });
  return found == problems.end() ? nullptr : &*found;
}

void bind_signers(LayerFacts& facts, const Binding& from, const Problem* doubt) {
  for (SignerFacts& signer : facts.signers) {
    const bool match = doubt == nullptr && !from.address.empty() && vouches_for(signer, from.address);
    signer.from = match ? FromMatch::match : FromMatch::mismatch;
    if (!match) explain(signer, from, doubt);
  }
  if (!is_signature(facts)) return;
  const auto doubtful =
      std::ranges::find_if(facts.signers, [](const SignerFacts& s) { return judge(s) != Verdict::good; });
  if (facts.why.empty() && doubtful != facts.signers.end()) facts.why = doubtful->why;
  const LayerResult signed_ = layer_result(facts.signers);
  if (facts.type == LayerType::pgp_encrypted) {
    // The layer's own result is that of the decryption; a signature in it that does not fit spoils it.
    if (facts.result == LayerResult::good && signed_ == LayerResult::bad) facts.result = LayerResult::bad;
    return;
  }
  if (facts.signers.empty() && facts.result != LayerResult::good) return;  // the engine has said what is wrong
  const bool unsupported = facts.result == LayerResult::unsupported && std::ranges::all_of(facts.signers, [](auto& s) {
                             return s.integrity == Integrity::unsupported;
                           });
  if (facts.result != LayerResult::bad && !unsupported) facts.result = signed_;
}

Summary summarize(const Chain& chain) {
  Summary out;
  bool good = false;
  bool bad = false;
  bool any = false;
  // From the inside: once an encryption has been passed, what is further out has signed ciphertext (RFC 8551, 3.7).
  bool over_ciphertext = false;
  for (std::size_t i = chain.envelope; i-- > 0;) {
    const LayerFacts& facts = chain.layers[i].facts;
    if (is_signature(facts)) {
      any = true;
      const LayerResult result = facts.type == LayerType::pgp_encrypted ? layer_result(facts.signers) : facts.result;
      bad = bad || result == LayerResult::bad;
      good = good || (result == LayerResult::good && !over_ciphertext);
    }
    if (is_encryption(facts.type)) {
      out.encrypted = true;
      over_ciphertext = true;
    }
  }
  if (any) out.signed_ = bad ? SignedState::bad : good ? SignedState::good : SignedState::unverified;
  const bool verified = out.signed_ == SignedState::good;
  if (out.encrypted) {
    out.state = verified ? MessageState::confidential : MessageState::encrypted_unverified;
  } else {
    out.state = verified ? MessageState::verified : MessageState::unprotected;
  }
  return out;
}

}  // namespace mimeseal::mail
