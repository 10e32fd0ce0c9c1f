// SPDX-License-Identifier: MIT
#include "people.h"

#include <algorithm>

#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"

namespace mimeseal::mail {
namespace {

std::optional<Mailbox> author_of(const HeaderFields& fields) {
  const HeaderField* from = find_field(fields, "From");
  if (from == nullptr) return std::nullopt;
  const AddressList list = parse_address_list(from->value());
  return list.mailboxes.empty() ? std::nullopt : std::optional(list.mailboxes.front());
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
  Finder(const SealSpec& spec, std::optional<Mailbox> author, Time at, SealReport& report)
      : spec_(spec), author_(std::move(author)), at_(at), report_(report) {}

  People find() {
    if (spec_.sign) find_signers();
    if (spec_.encrypt) find_recipients();
    for (const Mailbox& mailbox : spec_.bcc) {
      if (!spec_.encrypt && !is_among(spec_.recipients, mailbox)) people_.bcc.push_back({mailbox, nullptr});
    }
    return std::move(people_);
  }

 private:
  void find_signers() {
    people_.signers = spec_.signers;
    const std::string address = author_ ? author_->address() : std::string();
    std::string why = "given";
    if (people_.signers.empty()) {
      KeyChoice choice = spec_.engine->signing_key(address, at_);
      if (!choice.key) {
        throw Error(Errc::refused,
                    "no identity here can sign for " + (address.empty() ? "this message" : visible(address)), "From",
                    choice.why)
            .with_details(std::move(choice.rejected));
      }
      people_.signers.push_back(std::move(choice.key));
      why = std::move(choice.why);
    }
    for (const KeyPtr& signer : people_.signers) {
      report_.signers.push_back(
          {signer->info().addresses.empty() ? "" : signer->info().addresses.front(), signer->info().fingerprint, why});
      if (author_ && !vouches_for(*signer, address)) {
        report_.hints.push_back("the signing key " + visible(signer->info().name) + " is not for " + address +
                                ": readers will not call the message verified");
      }
    }
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
    KeyChoice choice = spec_.engine->recipient_key(mailbox.address(), at_);
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
    const std::optional<Mailbox> who = spec_.sender ? spec_.sender : author_;
    if (!who) return;
    KeyChoice choice = spec_.engine->recipient_key(who->address(), at_);
    if (choice.key) {
      people_.self = std::move(choice.key);
    } else if (spec_.symmetric == nullptr) {
      report_.hints.push_back("the sender cannot read this message later: " +
                              (choice.why.empty() ? "no key to encrypt to for " + who->address() : choice.why));
    }
  }

  const SealSpec& spec_;
  std::optional<Mailbox> author_;
  Time at_;
  SealReport& report_;
  People people_;
};

}  // namespace

People find_people(const SealSpec& spec, const HeaderFields& fields, Time at, SealReport& report) {
  return Finder(spec, author_of(fields), at, report).find();
}

}  // namespace mimeseal::mail
