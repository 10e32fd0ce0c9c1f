// SPDX-License-Identifier: MIT
#include "mimeseal/mime/entity.h"

#include <algorithm>
#include <array>

#include "entity_node.h"
#include "folding.h"
#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"
#include "text_body.h"

namespace mimeseal {
namespace {

std::string plain(const mimetic::istring& text) {
  return ascii_lower(std::string_view(text.data(), text.size()));
}

template <typename Parameters>
void copy_parameters(const Parameters& from, ParameterizedValue& to) {
  for (const auto& parameter : from)
    to.parameters.emplace_back(plain(parameter.name()), parameter.value());
}

/// Types whose body must stand as it is (RFC 2046, section 5.2; RFC 3464, section 2.1; RFC 3798, section 3.1).
bool is_never_encoded(std::string_view type) noexcept {
  static constexpr std::array<std::string_view, 5> kTypes = {"message/rfc822", "message/partial",
                                                             "message/external-body", "message/delivery-status",
                                                             "message/disposition-notification"};
  return std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end();
}

}  // namespace

std::unique_ptr<Entity::Node> Entity::Node::clone() const {
  auto copy = std::make_unique<Node>();
  copy->header() = header();
  copy->kind = kind;
  copy->encoding = encoding;
  copy->fields = fields;
  copy->content = content;
  copy->marker_free = marker_free;
  copy->origin = origin;
  copy->header_changed = header_changed;
  copy->body_changed = body_changed;
  for (const Entity& child : children)
    copy->add_child(child.clone());
  return copy;
}

ParameterizedValue Entity::Node::type() const {
  const mimetic::ContentType& value = header().contentType();
  ParameterizedValue out;
  out.value = plain(value.type()) + '/' + plain(value.subtype());
  copy_parameters(value.paramList(), out);
  return out;
}

void Entity::Node::set_type(const ParameterizedValue& value) {
  HeaderField field = value.field("Content-Type");  // refuses what cannot be written
  mimetic::ContentType& model = header().contentType();
  const std::size_t slash = value.value.find('/');
  if (slash == std::string::npos) throw Error(Errc::usage, "this is no media type: " + value.value, "Content-Type");
  model.type(value.value.substr(0, slash));
  model.subtype(value.value.substr(slash + 1));
  model.paramList().clear();
  for (const auto& [name, text] : value.parameters)
    model.paramList().push_back(mimetic::FieldParam(name, text));
  put_field(std::move(field));
}

ParameterizedValue Entity::Node::placement() const {
  const mimetic::ContentDisposition& value = header().contentDisposition();
  ParameterizedValue out;
  out.value = plain(value.type());
  copy_parameters(value.paramList(), out);
  return out;
}

void Entity::Node::set_placement(const ParameterizedValue& value) {
  HeaderField field = value.field("Content-Disposition");
  mimetic::ContentDisposition& model = header().contentDisposition();
  model.type(value.value);
  model.paramList().clear();
  for (const auto& [name, text] : value.parameters)
    model.paramList().push_back(mimetic::FieldParam(name, text));
  put_field(std::move(field));
}

void Entity::Node::set_encoding(std::string_view value) {
  encoding = ascii_lower(value);
  if (encoding == "7bit")
    drop_field("Content-Transfer-Encoding");
  else
    put_field(token_field("Content-Transfer-Encoding", encoding));
}

void Entity::Node::put_field(HeaderField field) {
  header_changed = true;
  const auto same = [&](const HeaderField& other) { return iequals(other.name, field.name); };
  const auto at = std::find_if(fields.begin(), fields.end(), same);
  if (at == fields.end()) {
    fields.push_back(std::move(field));
    return;
  }
  fields.erase(std::remove_if(std::next(at), fields.end(), same), fields.end());
  *at = std::move(field);
}

void Entity::Node::drop_field(std::string_view name) {
  header_changed = true;
  fields.erase(
      std::remove_if(fields.begin(), fields.end(), [&](const HeaderField& f) { return iequals(f.name, name); }),
      fields.end());
}

void Entity::Node::add_child(Entity entity) {
  depth = std::max(depth, entity.node_->depth + 1);
  if (depth > mime::kDeepest) throw Error(Errc::limit, "too many levels of parts");
  body().parts().push_back(entity.node_.get());
  children.push_back(std::move(entity));
}

void Entity::Node::replace_child(std::size_t index, Entity entity) {
  if (entity.node_->depth + 1 > mime::kDeepest) throw Error(Errc::limit, "too many levels of parts");
  depth = std::max(depth, entity.node_->depth + 1);
  *std::next(body().parts().begin(), static_cast<std::ptrdiff_t>(index)) = entity.node_.get();
  children[index] = std::move(entity);
  body_changed = true;
}

void Entity::Node::encode(std::string_view utf8) {
  mime::EncodedBody encoded = mime::encode_text(utf8);
  ParameterizedValue value = type();
  const std::string charset = encoded.ascii ? "us-ascii" : "utf-8";
  const auto at = std::find_if(value.parameters.begin(), value.parameters.end(),
                               [](const auto& parameter) { return parameter.first == "charset"; });
  if (at == value.parameters.end())
    value.parameters.emplace(value.parameters.begin(), "charset", charset);
  else
    at->second = charset;
  set_type(value);
  set_encoding(encoded.transfer_encoding);
  content = std::move(encoded.body);
  marker_free = true;
  body_changed = true;
}

Entity::Entity(std::unique_ptr<Node> node) : node_(std::move(node)) {}
Entity::Entity(Entity&&) noexcept = default;
Entity& Entity::operator=(Entity&&) noexcept = default;
Entity::~Entity() = default;

Entity Entity::clone() const {
  return Entity(node_->clone());
}

Entity Entity::text(std::string_view subtype, std::string_view utf8) {
  auto node = std::make_unique<Node>();
  mimetic::ContentType& model = node->header().contentType();
  model.type("text");
  model.subtype(std::string(subtype));
  node->encode(utf8);
  return Entity(std::move(node));
}

Entity Entity::leaf(ParameterizedValue content_type, std::string transfer_encoding, Rope body) {
  if (content_type.value.starts_with("multipart/"))
    throw Error(Errc::usage, "a multipart type needs parts", "Content-Type");
  auto node = std::make_unique<Node>();
  node->set_type(content_type);
  node->set_encoding(transfer_encoding);
  node->content = std::move(body);
  node->marker_free = node->encoding == "base64" || node->encoding == "quoted-printable";
  return Entity(std::move(node));
}

Entity Entity::file(InputPtr content, ParameterizedValue content_type) {
  const std::string name = content->name();
  if (!is_never_encoded(content_type.value)) {
    Rope body = Rope::base64(std::move(content));
    return leaf(std::move(content_type), "base64", std::move(body));
  }
  // Such a body may not be encoded (RFC 2046, 5.2.1), so it must be fit for the wire as it is.
  const mime::WireFacts facts = mime::examine(*slice(content));
  if (facts.needs_encoding() || facts.bare_lf) {
    throw Error(Errc::usage,
                "cannot go as " + content_type.value + ": it has " +
                    (facts.eight_bit   ? "8bit octets"
                     : facts.long_line ? "lines of over 998 octets"
                                       : "line ends other than CRLF"),
                name, "attach it as application/octet-stream");
  }
  return leaf(std::move(content_type), "7bit", Rope(std::move(content)));
}

Entity Entity::multipart(std::string_view subtype, std::vector<Entity> children) {
  auto node = std::make_unique<Node>();
  node->kind = Node::Kind::multipart;
  ParameterizedValue type;
  type.value = "multipart/" + ascii_lower(subtype);
  node->set_type(type);
  node->children.reserve(children.size());
  for (Entity& child : children)
    node->add_child(std::move(child));
  return Entity(std::move(node));
}

ParameterizedValue Entity::content_type() const {
  return node_->type();
}

void Entity::set_content_type(const ParameterizedValue& value) {
  if (value.value.starts_with("multipart/") != (node_->kind == Node::Kind::multipart))
    throw Error(Errc::usage, "a body with parts cannot become one without, nor the other way round", "Content-Type");
  // The body as it was stands between boundaries of that name.
  const auto boundary = [](const ParameterizedValue& of) {
    const auto at = std::find_if(of.parameters.begin(), of.parameters.end(),
                                 [](const auto& parameter) { return iequals(parameter.first, "boundary"); });
    return at == of.parameters.end() ? std::string() : at->second;
  };
  if (node_->kind == Node::Kind::multipart && boundary(value) != boundary(node_->type())) node_->body_changed = true;
  node_->set_type(value);
}

ParameterizedValue Entity::disposition() const {
  return node_->placement();
}
void Entity::set_disposition(const ParameterizedValue& value) {
  node_->set_placement(value);
}
std::string Entity::transfer_encoding() const {
  return node_->encoding;
}
HeaderFields Entity::fields() const {
  return node_->fields;
}

void Entity::set_field(const HeaderField& field) {
  mime::check_field(field.name, {});
  if (iequals(field.name, "Content-Type")) return set_content_type(parse_parameterized(field.raw));
  if (iequals(field.name, "Content-Disposition")) return set_disposition(parse_parameterized(field.raw));
  if (iequals(field.name, "Content-Transfer-Encoding") || iequals(field.name, "MIME-Version"))
    throw Error(Errc::usage, "this field follows from the body", field.name);
  node_->put_field(field);
}

std::size_t Entity::child_count() const noexcept {
  return node_->children.size();
}

Entity& Entity::child(std::size_t index) {
  if (index >= node_->children.size()) throw Error(Errc::internal, "no such child part");
  return node_->children[index];
}

const Entity& Entity::child(std::size_t index) const {
  if (index >= node_->children.size()) throw Error(Errc::internal, "no such child part");
  return node_->children[index];
}

void Entity::replace_child(std::size_t index, Entity entity) {
  if (index >= node_->children.size()) throw Error(Errc::internal, "no such child part");
  node_->replace_child(index, std::move(entity));
}

std::string Entity::decoded_text(std::uint64_t limit) const {
  const ParameterizedValue type = node_->type();
  if (!type.value.starts_with("text/")) throw Error(Errc::usage, "this part is no text", type.value);
  std::unique_ptr<Source> source = node_->leaf_body().open();
  if (node_->encoding == "base64") source = base64_decoder(std::move(source));
  if (node_->encoding == "quoted-printable") source = quoted_printable_decoder(std::move(source));
  const std::string octets = read_all(*source, limit);
  const std::string* charset = type.find("charset");
  std::optional<std::string> text = charset_to_utf8(octets, charset == nullptr ? "utf-8" : *charset);
  if (!text) text = to_valid_utf8(octets);
  std::string lines;
  lines.reserve(text->size());
  for (std::size_t i = 0; i < text->size(); ++i)
    if ((*text)[i] != '\r' || i + 1 == text->size() || (*text)[i + 1] != '\n') lines += (*text)[i];
  if (lines.size() > limit) throw Error(Errc::limit, "the text is longer than " + std::to_string(limit) + " octets");
  return lines;
}

void Entity::set_text(std::string_view utf8) {
  if (node_->kind != Node::Kind::leaf || !node_->type().value.starts_with("text/"))
    throw Error(Errc::usage, "this part is no text", node_->type().value);
  node_->encode(utf8);
}

}  // namespace mimeseal
