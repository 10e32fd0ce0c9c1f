// SPDX-License-Identifier: MIT
#include "people.h"

#include <algorithm>

#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"

namespace mimeseal::mail {
namespace {

/// Who stands in a field of the message.
std::vector<Mailbox> people_in(const HeaderFields& fields, std::string_view name) {
  const HeaderField* field = find_field(fields, name);
  return field == nullptr ? std::vector<Mailbox>() : parse_address_list(field->value()).mailboxes;
}

void add_once(std::vector<KeyPtr>& keys, const KeyPtr& key) {
  const auto same = [&](const KeyPtr& other) { return other->info().fingerprint == key->info().fingerprint; };
  if (key != nullptr && std::ranges::none_of(keys, same)) keys.push_back(key);
}

bool is_among(const std::vector<Mailbox>& list, const Mailbox& mailbox) {
  return std::ranges::any_of(list, [&](const Mailbox& m) { return same_address(m.address(), mailbox.address()); });
}

bool vouches_for(const Key& key, const std::string& address) {
  return std::ranges::any_of(key.info().addresses, [&](const std::string& own) { return same_address(own, address); });
}

class Finder {
 public:
  Finder(const SealSpec& spec, const HeaderFields& fields, Time at, SealReport& report)
      : spec_(spec),
        authors_(people_in(fields, "From")),
        senders_(people_in(fields, "Sender")),
        at_(at),
        report_(report) {}

  People find() {
    if (spec_.sign) find_signers();
    if (spec_.encrypt) find_recipients();
    for (const Mailbox& mailbox : spec_.bcc) {
      if (!spec_.encrypt && !is_among(spec_.recipients, mailbox)) people_.bcc.push_back({mailbox, nullptr});
    }
    return std::move(people_);
  }

 private:
  /// Those who were named; else every identity of an author, else the sender's (RFC 8550, section 3). An identity of
  /// somebody else does not sign: the message would tell of an address that it is not from.
  void find_signers() {
    for (const KeyPtr& signer : spec_.signers)
      add_signer(signer, "given");
    if (people_.signers.empty()) add_signers_of(authors_);
    if (people_.signers.empty()) add_signers_of(senders_);
    if (people_.signers.empty()) add_any_signer();
    for (const KeyPtr& signer : people_.signers) {
      const bool is_author =
          std::ranges::any_of(authors_, [&](const Mailbox& author) { return vouches_for(*signer, author.address()); });
      if (!authors_.empty() && !is_author) {
        report_.hints.push_back("the signing key " + visible(signer->info().name) + " is not for " +
                                authors_.front().address() + ": readers will not call the message verified");
      }
    }
  }

  void add_signers_of(const std::vector<Mailbox>& people) {
    for (const Mailbox& one : people) {
      for (const KeyChoice& choice : spec_.engine->signing_keys(one.address(), at_)) {
        if (!choice.key) continue;
        add_signer(choice.key, choice.why);
        for (const std::string& other : choice.rejected)
          report_.choices.push_back({"signer", "passed over", other});
      }
    }
  }

  void add_signer(const KeyPtr& key, std::string why) {
    const std::size_t before = people_.signers.size();
    add_once(people_.signers, key);
    if (people_.signers.size() == before) return;
    const KeyInfo& info = key->info();
    report_.signers.push_back({info.addresses.empty() ? "" : info.addresses.front(), info.fingerprint, std::move(why)});
  }

  /// A message from nobody is signed by whoever can; one from somebody is not.
  void add_any_signer() {
    const std::string address = authors_.empty() ? std::string() : authors_.front().address();
    KeyChoice choice = spec_.engine->signing_key(address, at_);
    if (choice.key) return add_signer(choice.key, std::move(choice.why));
    throw Error(Errc::refused, "no identity here can sign for " + (address.empty() ? "this message" : visible(address)),
                "From", choice.why)
        .with_details(std::move(choice.rejected));
  }

  void find_recipients() {
    std::vector<std::string> lacking;
    for (const Mailbox& mailbox : spec_.recipients) {
      const KeyPtr key = key_of(mailbox, lacking, true);
      if (key) add_once(people_.named, key);
    }
    std::vector<Mailbox> blind;
    for (const Mailbox& mailbox : spec_.bcc) {
      if (is_among(spec_.recipients, mailbox) || is_among(blind, mailbox)) continue;
      blind.push_back(mailbox);
      people_.bcc.push_back({mailbox, key_of(mailbox, lacking, false)});
    }
    if (!lacking.empty()) {
      const std::size_t count = lacking.size();
      throw Error(
          Errc::no_recipient,
          count == 1 ? "a recipient cannot be sealed to" : std::to_string(count) + " recipients cannot be sealed to",
          "", "nothing is sent; give a key for each, or leave them out (RFC 9787, section 9.6)")
          .with_details(std::move(lacking));
    }
    if (spec_.encrypt_to_self) find_self();
    if (people_.named.empty() && people_.bcc.empty() && !people_.self && spec_.symmetric == nullptr) {
      throw Error(Errc::no_recipient, "there is nobody to encrypt to");
    }
  }

  KeyPtr key_of(const Mailbox& mailbox, std::vector<std::string>& lacking, bool in_report) {
    KeyChoice choice = spec_.engine->sealing_key(mailbox.address(), at_, spec_.policy);
    if (!choice.key && spec_.symmetric == nullptr) {
      lacking.push_back(mailbox.address() + ": " + (choice.why.empty() ? "no usable key" : choice.why));
      return nullptr;
    }
    if (in_report) {
      report_.recipients.push_back({mailbox.address(), choice.key ? choice.key->info().fingerprint : "",
                                    choice.key ? choice.why : "the passphrase, since there is no key"});
    }
    return choice.key;
  }

  void find_self() {
    if (!spec_.sender && authors_.empty()) return;
    const Mailbox& who = spec_.sender ? *spec_.sender : authors_.front();
    KeyChoice choice = spec_.engine->sealing_key(who.address(), at_, spec_.policy);
    if (choice.key) {
      people_.self = std::move(choice.key);
    } else if (spec_.symmetric == nullptr) {
      report_.hints.push_back("the sender cannot read this message later: " +
                              (choice.why.empty() ? "no key to encrypt to for " + who.address() : choice.why));
    }
  }

  const SealSpec& spec_;
  std::vector<Mailbox> authors_;
  std::vector<Mailbox> senders_;
  Time at_;
  SealReport& report_;
  People people_;
};

}  // namespace

People find_people(const SealSpec& spec, const HeaderFields& fields, Time at, SealReport& report) {
  return Finder(spec, fields, at, report).find();
}

}  // namespace mimeseal::mail
